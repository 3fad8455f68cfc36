import type Express from 'express';
import type { NextFunction, Request, Response } from 'express';
import type { Setting } from '../contestants/contestant.js';
import { type Contestant, loadContestant } from '../contestants/index.js';

/** Returns an API with one route behind a contestant's guard, on the Express that is installed by that name. */
export async function createApp(
  contestant: Contestant,
  setting: Setting,
  installedAs: string,
): Promise<Express.Express> {
  const { default: express } = (await import(installedAs)) as { default: typeof Express };
  const makeGuard = await loadContestant(contestant);
  const app = express();
  app.get('/products', ...(await makeGuard(setting)), (_req, res) => {
    res.json([{ id: 1, name: 'Tea', price: 4 }]);
  });
  app.use((error: Error & { status?: number }, _req: Request, res: Response, next: NextFunction) => {
    if (res.headersSent) next(error);
    else res.status(error.status ?? 500).json({ error: error.message });
  });
  return app;
}
