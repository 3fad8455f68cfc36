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
  /** Starts to call the API, and continues until `finish` is called. */
  start({ url, tokens }: { url: string; tokens: SoakToken[] }): void {
    pool.add(tokens);
    caller = new Caller(url);
    stop = steadily(requestsPerSecond, () => caller.send(pool.next()));
    strays = setInterval(() => caller.send(pool.stray()), strayEveryMs);
  },

  take(tokens: SoakToken[]): void {
    pool.add(tokens);
  },

  /** Handles a rotation of Logto's keys: sends the first tokens of the new key at the same time. */
  rotated({ tokens, withdrawn }: { tokens: SoakToken[]; withdrawn: string[] }): void {
    for (const keyId of withdrawn) pool.giveUp(keyId);
    for (const token of tokens) caller.send(token);
    pool.add(tokens);
  },

  /** Sends this number of requests at once, each with a different made-up key id. */
  flood(requests: number): void {
    for (let i = 0; i < requests; i += 1) caller.send(pool.madeUp());
  },

  /** Returns the exchanges that ended since the last call. */
  collect: (): Exchange[] => caller.collect(),

  /** Stops sending, and waits for the last responses. */
  async finish(): Promise<Exchange[]> {
    stop();
    clearInterval(strays);
    await caller.idle();
    return caller.collect();
  },
};

export type LoadTasks = typeof tasks;

work(tasks);
