import { Router } from 'express';
import type { LogtoAuth } from 'express-logto-m2m';

/** The probes of a container platform. They have no guard: keep them off the public internet. */
export function probes({ health, ready }: LogtoAuth): Router {
  const router = Router();

  // Liveness: whether the process responds. It does not depend on Logto, since a restart does not end an outage there.
  router.get('/healthz', (_req, res) => {
    res.set('Cache-Control', 'no-store').json(health());
  });

  // Readiness: whether tokens can be verified.
  router.get('/readyz', (_req, res) => {
    const state = health();
    // Keys are fetched on demand. If no request arrives before this returns 200, this must fetch them.
    if (!state.ready) ready().catch(() => {});
    res
      .status(state.ready ? 200 : 503)
      .set('Cache-Control', 'no-store')
      .json(state);
  });

  return router;
}
