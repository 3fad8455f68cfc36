import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Setting } from '../contestants/contestant.js';
import type { Contestant } from '../contestants/index.js';
import { createApp } from '../lab/app.js';
import { answerParent } from '../lab/child.js';

/** A contestant's API. */
export type Api = {
  start(setting: Setting): Promise<number>;
  /** Returns the processor time of all threads of the process so far, in seconds. */
  processorTime(input: null): number;
};

const [contestant, express] = process.argv.slice(2) as [Contestant, string];

answerParent({
  async start(setting: Setting) {
    const server = createServer(await createApp(contestant, setting, express)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  },
  processorTime() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  },
} satisfies Api);
