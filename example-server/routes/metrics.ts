import { Router } from 'express';
import type { Metrics } from '../metrics.js';

/** The metrics for Prometheus. The route has no guard: keep it off the public internet. */
export function metricsRoute(metrics: Metrics): Router {
  const router = Router();

  router.get('/metrics', async (_req, res) => {
    const text = await metrics.text();
    res.set({ 'Content-Type': metrics.contentType, 'Cache-Control': 'no-store' }).send(text);
  });

  return router;
}
