import cluster from 'node:cluster';
import { createServer } from 'node:http';
import type { Setting } from '../contestants/contestant.js';
import { createApp } from '../lab/app.js';
import { answerParent } from '../lab/child.js';

/** The protected API in several processes that share a port. */
export type ClusterApi = {
  start(input: { setting: Setting; workers: number }): Promise<number>;
};

if (cluster.isPrimary) {
  answerParent({
    async start({ setting, workers }) {
      const ports = Array.from({ length: workers }, () => {
        const worker = cluster.fork({ BENCH_SETTING: JSON.stringify(setting) });
        return new Promise<number>((resolve) => {
          worker.on('listening', ({ port }) => resolve(port));
        });
      });
      const [port] = await Promise.all(ports);
      return port as number;
    },
  } satisfies ClusterApi);
} else {
  const setting = JSON.parse(process.env['BENCH_SETTING'] ?? '') as Setting;
  createServer(await createApp('ours', setting, 'express')).listen(0, '127.0.0.1');
}
