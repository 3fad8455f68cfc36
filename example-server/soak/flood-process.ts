import { Caller } from './caller.js';
import { work } from './child.js';
import { type SoakToken, withMadeUpKey } from './tokens.js';

/** How often it is time to send something, in milliseconds. */
const tick = 10;

let caller: Caller;
let timer: NodeJS.Timeout;

const tasks = {
  /** Sends made-up key ids from now on, each in a token of its own that is like this one. */
  begin({ url, like, perSecond }: { url: string; like: SoakToken; perSecond: number }): void {
    caller = new Caller(url);
    let before = performance.now();
    let due = 0;
    timer = setInterval(() => {
      const now = performance.now();
      due += ((now - before) / 1000) * perSecond;
      before = now;
      for (; due >= 1; due -= 1) caller.send(withMadeUpKey(like));
    }, tick);
  },

  /** Stops, waits for the last answers, and tells how often each status came. */
  async end(): Promise<Record<number, number>> {
    clearInterval(timer);
    await caller.idle();
    const counts: Record<number, number> = {};
    for (const { status } of caller.collect()) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  },
};

export type FloodTasks = typeof tasks;

work(tasks);
