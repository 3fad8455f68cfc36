import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type NextFunction, type Request, type Response } from 'express';
import type { Setting } from '../contestants/contestant.js';
import { type Contestant, loadContestant } from '../contestants/index.js';
import { answerParent } from '../lab/child.js';

/** An API of one route behind a contestant's guard. */
export type Api = {
  start(setting: Setting): Promise<number>;
  /** Processor time spent so far by all of the process's threads, in seconds. */
  processorTime(input: null): number;
};

const contestant = process.argv[2] as Contestant;

answerParent({
  async start(setting: Setting) {
    const makeGuard = await loadContestant(contestant);
    const app = express();
    app.get('/products', ...(await makeGuard(setting)), (_req, res) => {
      res.json([{ id: 1, name: 'Tea', price: 4 }]);
    });
    app.use((error: Error & { status?: number }, _req: Request, res: Response, next: NextFunction) => {
      if (res.headersSent) next(error);
      else res.status(error.status ?? 500).json({ error: error.message });
    });
    const server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  },
  processorTime() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  },
} satisfies Api);
