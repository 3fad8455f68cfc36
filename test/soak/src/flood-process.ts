import { Caller } from './caller.js';
import { work } from './child.js';
import { steadily } from './steadily.js';
import { type SoakToken, withMadeUpKey } from './tokens.js';

let caller: Caller;
let stop: () => void;

const tasks = {
  /** Sends made-up key ids from now on, each in a token of its own that is like this one. */
  begin({ url, like, perSecond }: { url: string; like: SoakToken; perSecond: number }): void {
    caller = new Caller(url);
    stop = steadily(perSecond, () => caller.send(withMadeUpKey(like)));
  },

  /** Stops, waits for the last answers, and tells how often each status came. */
  async end(): Promise<Record<number, number>> {
    stop();
    await caller.idle();
    const counts: Record<number, number> = {};
    for (const { status } of caller.collect()) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  },
};

export type FloodTasks = typeof tasks;

work(tasks);
