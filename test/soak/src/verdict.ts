import type { ApiCounts } from './api-process.js';
import type { KeyRequests } from './faulty-front.js';
import { growth, type HeapSample } from './heap.js';
import type { Ledger } from './ledger.js';
import { keyTimes } from './settings.js';

/** The results of a run. */
export interface Run {
  seconds: number;
  startedAt: number;
  ledger: Ledger;
  /** The heap of the API. */
  heap: readonly HeapSample[];
  counts: ApiCounts;
  /** The API's requests to Logto's key endpoint. */
  keyRequests: KeyRequests;
  rotations: { calm: number; fault: number };
  faults: number;
}

/** Two refreshes, each with one retry. Refreshes are at least half a second apart after a failure. */
const mostKeyRequestsInASecond = 4;

/** Much shorter than the wait for a Logto that hangs, and longer than random delays. */
const allowedDelayMs = keyTimes.timeout / 8;

/** Returns what is wrong with the whole run, by the rules that cannot be checked for a single request. */
export function objectionsTo({ ledger, heap, keyRequests, counts, rotations, faults }: Run): string[] {
  const { calm, fault } = ledger.latency;
  const { from, to, isUnbounded } = growth(heap);
  // A busy machine slows all requests down. Only the additional delay is caused by Logto.
  const usual = Math.max(calm.percentile(99), ledger.latencyWithoutKeys.percentile(99));
  const delay = (fault.percentile(99) - usual) / 1000;

  return [
    isUnbounded && `the heap grew by ${Math.round((to - from) / 1024)} KiB once it was warm`,
    delay > allowedDelayMs &&
      `one request in a hundred waited for Logto: p99 is ${delay.toFixed(0)} ms higher while it is at fault`,
    keyRequests.mostInASecond > mostKeyRequestsInASecond &&
      `the API asked Logto ${keyRequests.mostInASecond} times in one second`,
    keyRequests.redirected > 0 && 'the API followed a redirect of the key endpoint',
    // A rule that was not tested is not proven.
    (calm.count === 0 || fault.count === 0) && 'no valid token was sent, or none while Logto was at fault',
    ledger.latencyOfNewKeys.count === 0 && 'no token of a new key was served',
    (counts.keysRefreshed < 2 || counts.keysFailed === 0) && 'no keys were fetched, or no fetch failed',
    (rotations.calm === 0 || faults === 0) && 'the keys were not rotated, or Logto was never at fault',
  ].filter((objection) => objection !== false);
}
