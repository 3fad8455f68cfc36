import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Backoff } from '../../src/keys/backoff.js';

const NOW = 1_000_000;

const random = vi.spyOn(Math, 'random');
beforeEach(() => void random.mockReturnValue(0));
afterEach(() => void random.mockReset());

/** A backoff after this number of failures, all at the same moment. */
function failed(times: number): Backoff {
  const backoff = new Backoff();
  for (let i = 0; i < times; i++) backoff.failed(NOW);
  return backoff;
}

describe('the wait for the next attempt', () => {
  it('is zero before the first failure', () => {
    const backoff = new Backoff();
    for (const now of [0, 1, NOW]) expect(backoff.remaining(now, true)).toBe(0);
    expect(backoff.failing).toBe(false);
  });

  it.each([
    [1, 1_000],
    [2, 2_000],
    [3, 4_000],
    [5, 16_000],
    [6, 30_000],
    [7, 30_000],
    [5_000, 30_000],
  ])('after %i failures lasts between %i ms and twice as long', (times, shortest) => {
    expect(failed(times).remaining(NOW, true)).toBe(shortest);
    random.mockReturnValue(0.5);
    expect(failed(times).remaining(NOW, true)).toBe(1.5 * shortest);
    random.mockReturnValue(1);
    expect(failed(times).remaining(NOW, true)).toBe(2 * shortest);
  });

  it('lasts at most five seconds while no usable keys are held', () => {
    expect(failed(3).remaining(NOW, false)).toBe(4_000);
    expect(failed(4).remaining(NOW, false)).toBe(5_000);
    expect(failed(4).remaining(NOW + 4_999, false)).toBe(1);
    expect(failed(4).remaining(NOW + 5_000, false)).toBe(0);
  });

  it('decreases to zero and stays there', () => {
    const backoff = failed(1);
    expect(backoff.remaining(NOW + 999, true)).toBe(1);
    expect(backoff.remaining(NOW + 1_000, true)).toBe(0);
    expect(backoff.remaining(NOW + 5_000, true)).toBe(0);
  });

  it('ends with a success, and starts from one second after the next failure', () => {
    const backoff = failed(5);
    expect(backoff.failing).toBe(true);
    backoff.succeeded();
    expect([backoff.failing, backoff.remaining(NOW, true)]).toEqual([false, 0]);
    backoff.failed(NOW);
    expect(backoff.remaining(NOW, true)).toBe(1_000);
  });
});

describe('an outage', () => {
  it('lasts 30 seconds longer than the wait for the next attempt', () => {
    const backoff = failed(1);
    expect(backoff.failedLately(NOW)).toBe(true);
    expect(backoff.failedLately(NOW + 30_999)).toBe(true);
    expect(backoff.failedLately(NOW + 31_000)).toBe(false);
  });

  it('is not reported before a failure or after a success', () => {
    expect(new Backoff().failedLately(0)).toBe(false);
    const backoff = failed(1);
    backoff.succeeded();
    expect(backoff.failedLately(NOW)).toBe(false);
  });
});
