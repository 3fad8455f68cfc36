/**
 * The delay before the next attempt. It doubles with each failure, and has jitter, so that replicas that failed
 * together do not retry together.
 *
 * @param failures - the number of failures before the last one
 * @param first - the shortest delay after the first failure, in any unit; the longest is twice that
 * @param longest - the maximum delay, in the same unit
 */
export function backoffDelay(failures: number, first: number, longest = Number.POSITIVE_INFINITY): number {
  return Math.min(longest, 2 * first * 2 ** failures) * (0.5 + Math.random() / 2);
}
