import { vi } from 'vitest';
import { AuthError, type LogtoAuth, type VerifyOptions } from '../../src/index.js';

/** Verifies a token and returns 'ok' or the reason of the refusal. Throws any other error. */
export async function resultOf(auth: LogtoAuth, token: string, options?: VerifyOptions): Promise<string> {
  try {
    await auth.verify(token, options);
    return 'ok';
  } catch (error) {
    if (error instanceof AuthError) return error.reason;
    throw error;
  }
}

/** Sets the wall clock forward or back; `vi.useRealTimers()` resets it. */
export function travel(seconds: number): void {
  const target = Date.now() + seconds * 1000;
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(target);
}

const realNow = performance.now.bind(performance);
let ahead = 0;

/** Advances the wall clock and the monotonic clock. */
export function elapse(seconds: number): void {
  travel(seconds);
  later(seconds);
}

/** Advances only the monotonic clock. It is never set back, since instances may live longer than a test. */
export function later(seconds: number): void {
  ahead += seconds * 1000;
  // A spy would store each of a million calls.
  performance.now = () => realNow() + ahead;
}
