import { vi } from 'vitest';

/**
 * Waits until the check no longer throws, and returns its result. The limit only ends a test that would hang, and is
 * long enough for a busy machine.
 */
export const eventually = <Result>(check: () => Result | Promise<Result>): Promise<Result> =>
  vi.waitFor(check, 20_000);
