import { Caller } from './caller.js';
import { work } from './child.js';
import { steadily } from './steadily.js';
import { type SoakToken, withMadeUpKey } from './tokens.js';

let caller: Caller;
let stop: () => void;

const tasks = {
  /** Starts to send made-up key ids, each in its own copy of this token. */
  begin({ url, like, perSecond }: { url: string; like: SoakToken; perSecond: number }): void {
    caller = new Caller(url);
    stop = steadily(perSecond, () => caller.send(withMadeUpKey(like)));
  },

  /** Stops, waits for the last responses, and returns how often each status occurred. */
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
