import type { ApiCounts } from './api-process.js';
import type { KeyRequests } from './faulty-front.js';
import { growth, type HeapSample } from './heap.js';
import type { Ledger } from './ledger.js';
import { keyTimes } from './settings.js';

/** All that a run brought to light. */
export interface Run {
  seconds: number;
  startedAt: number;
  ledger: Ledger;
  /** Of the API. */
  heap: readonly HeapSample[];
  counts: ApiCounts;
  /** What Logto's key endpoint saw of the API. */
  keyRequests: KeyRequests;
  rotations: { calm: number; fault: number };
  faults: number;
}

/** Two refreshes, which lie half a second apart at least where one has failed; each asks again where the answer is bad. */
const mostKeyRequestsInASecond = 4;

/** Far less than a request would wait for a Logto that hangs, and more than chance adds. */
const allowedDelayMs = keyTimes.timeout / 8;

/** What is wrong with the run as a whole: the rules that no single request shows. */
export function objectionsTo({ ledger, heap, keyRequests, counts, rotations, faults }: Run): string[] {
  const { calm, fault } = ledger.latency;
  const { from, to, isUnbounded } = growth(heap);
  // A machine that is busy with something else slows everybody down: only what comes on top is Logto's.
  const usual = Math.max(calm.percentile(99), ledger.latencyWithoutKeys.percentile(99));
  const delay = (fault.percentile(99) - usual) / 1000;

  return [
    isUnbounded && `the heap grew by ${Math.round((to - from) / 1024)} KiB once it was warm`,
    delay > allowedDelayMs &&
      `one request in a hundred waited for Logto: p99 is ${delay.toFixed(0)} ms higher while it is at fault`,
    keyRequests.mostInASecond > mostKeyRequestsInASecond &&
      `the API asked Logto ${keyRequests.mostInASecond} times in one second`,
    keyRequests.redirected > 0 && 'the API followed a redirect of the key endpoint',
    // Whatever was never put to the test is not proven.
    (calm.count === 0 || fault.count === 0) && 'no valid token was sent, or none while Logto was at fault',
    ledger.latencyOfNewKeys.count === 0 && 'no token of a new key was served',
    (counts.keysRefreshed < 2 || counts.keysFailed === 0) && 'no keys were fetched, or no fetch failed',
    (rotations.calm === 0 || faults === 0) && 'the keys were not rotated, or Logto was never at fault',
  ].filter((objection) => objection !== false);
}
