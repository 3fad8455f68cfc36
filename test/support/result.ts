import { vi } from 'vitest';
import { AuthError, type LogtoAuth, type VerifyOptions } from '../../src/index.js';

/** What becomes of a token: 'ok', or the reason of its refusal. Any other error is thrown on. */
export async function resultOf(auth: LogtoAuth, token: string, options?: VerifyOptions): Promise<string> {
  try {
    await auth.verify(token, options);
    return 'ok';
  } catch (error) {
    if (error instanceof AuthError) return error.reason;
    throw error;
  }
}

/** Sets the wall clock forward, or back; `vi.useRealTimers()` mends it. */
export function travel(seconds: number): void {
  const target = Date.now() + seconds * 1000;
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(target);
}

const realNow = performance.now.bind(performance);
let ahead = 0;

/** Lets so much time go by, for the wall clock and for the one that nobody sets. */
export function elapse(seconds: number): void {
  travel(seconds);
  later(seconds);
}

/** Lets so much time go by for the clock that nobody sets alone. */
export function later(seconds: number): void {
  ahead += seconds * 1000;
  // Not by a spy, which would remember each of a million calls.
  performance.now = () => realNow() + ahead;
}
