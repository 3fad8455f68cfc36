import { afterEach, describe, expect, it, vi } from 'vitest';
import { backoffDelay } from '../../src/util/backoff-delay.js';

const random = vi.spyOn(Math, 'random');
afterEach(() => void random.mockReset());

describe('the delay before the next attempt', () => {
  it.each([
    [0, 200, 400],
    [1, 400, 800],
    [4, 3_200, 6_400],
  ])('after %i earlier failures is between %i and %i ms', (failures, shortest, longest) => {
    random.mockReturnValue(0);
    expect(backoffDelay(failures, 200)).toBe(shortest);
    random.mockReturnValue(1);
    expect(backoffDelay(failures, 200)).toBe(longest);
  });

  it.each([5, 2_000])('is at most the maximum after %i earlier failures', (failures) => {
    random.mockReturnValue(1);
    expect(backoffDelay(failures, 1_000, 30_000)).toBe(30_000);
    random.mockReturnValue(0);
    expect(backoffDelay(failures, 1_000, 30_000)).toBe(15_000);
  });
});
