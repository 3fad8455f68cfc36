import { Router } from 'express';
import type { LogtoAuth } from 'express-logto-m2m';

/** The two questions of a container platform. They need no token; keep them off the public internet. */
export function probes({ health, ready }: LogtoAuth): Router {
  const router = Router();

  // Liveness: does the process answer at all? Never a matter of Logto, whose outage no restart would mend.
  router.get('/healthz', (_req, res) => {
    res.set('Cache-Control', 'no-store').json(health());
  });

  // Readiness: could a token be checked?
  router.get('/readyz', (_req, res) => {
    const state = health();
    // Keys are fetched when somebody asks for them. Where no caller is let in before this says yes, this must ask.
    if (!state.ready) ready().catch(() => {});
    res
      .status(state.ready ? 200 : 503)
      .set('Cache-Control', 'no-store')
      .json(state);
  });

  return router;
}
