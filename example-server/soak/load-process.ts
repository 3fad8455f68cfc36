import { Caller } from './caller.js';
import { work } from './child.js';
import type { Exchange } from './exchange.js';
import { requestsPerSecond, strayEveryMs } from './settings.js';
import { TokenPool } from './token-pool.js';
import type { SoakToken } from './tokens.js';

/** How often it is time to send something, in milliseconds. */
const tick = 10;

const pool = new TokenPool();
let caller: Caller;
const timers: NodeJS.Timeout[] = [];

/** Sends at a steady pace, whether the API keeps up or not. */
function keepPace(): () => void {
  let before = performance.now();
  let due = 0;
  return () => {
    const now = performance.now();
    // What a stall of this process kept from being sent is not sent later all at once.
    due += (Math.min(now - before, 5 * tick) / 1000) * requestsPerSecond;
    before = now;
    for (; due >= 1; due -= 1) caller.send(pool.next());
  };
}

const tasks = {
  /** Begins to call the API, and goes on until it is told to finish. */
  start({ url, tokens }: { url: string; tokens: SoakToken[] }): void {
    pool.add(tokens);
    caller = new Caller(url);
    timers.push(
      setInterval(keepPace(), tick),
      setInterval(() => caller.send(pool.stray()), strayEveryMs),
    );
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
    for (const timer of timers) clearInterval(timer);
    await caller.idle();
    return caller.collect();
  },
};

export type LoadTasks = typeof tasks;

work(tasks);
