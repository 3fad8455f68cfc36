import { Router } from 'express';
import type { Metrics } from '../metrics.js';

/** What Prometheus scrapes. It needs no token, so it must be out of the callers' reach. */
export function metricsRoute(metrics: Metrics): Router {
  const router = Router();

  router.get('/metrics', async (_req, res) => {
    const text = await metrics.text();
    res.set({ 'Content-Type': metrics.contentType, 'Cache-Control': 'no-store' }).send(text);
  });

  return router;
}
