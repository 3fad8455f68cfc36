import { Caller } from './caller.js';
import { work } from './child.js';
import type { Exchange } from './exchange.js';
import { requestsPerSecond, strayEveryMs } from './settings.js';
import { steadily } from './steadily.js';
import { TokenPool } from './token-pool.js';
import type { SoakToken } from './tokens.js';

const pool = new TokenPool();
let caller: Caller;
let stop: () => void;
let strays: NodeJS.Timeout;

const tasks = {
  /** Begins to call the API, and goes on until it is told to finish. */
  start({ url, tokens }: { url: string; tokens: SoakToken[] }): void {
    pool.add(tokens);
    caller = new Caller(url);
    stop = steadily(requestsPerSecond, () => caller.send(pool.next()));
    strays = setInterval(() => caller.send(pool.stray()), strayEveryMs);
  },

  take(tokens: SoakToken[]): void {
    pool.add(tokens);
  },

  /** Logto rotated its keys. The first tokens of the new one are sent all at once. */
  rotated({ tokens, withdrawn }: { tokens: SoakToken[]; withdrawn: string[] }): void {
    for (const keyId of withdrawn) pool.giveUp(keyId);
    for (const token of tokens) caller.send(token);
    pool.add(tokens);
  },

  /** As many requests at once, each with a made-up key id of its own. */
  flood(requests: number): void {
    for (let i = 0; i < requests; i += 1) caller.send(pool.madeUp());
  },

  /** What was answered since the last time. */
  collect: (): Exchange[] => caller.collect(),

  /** Sends nothing more, and waits for the last answers. */
  async finish(): Promise<Exchange[]> {
    stop();
    clearInterval(strays);
    await caller.idle();
    return caller.collect();
  },
};

export type LoadTasks = typeof tasks;

work(tasks);
