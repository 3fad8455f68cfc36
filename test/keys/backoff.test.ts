import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Backoff } from '../../src/keys/backoff.js';

const NOW = 1_000_000;

const random = vi.spyOn(Math, 'random');
beforeEach(() => void random.mockReturnValue(0));
afterEach(() => void random.mockReset());

/** One that has failed so often, each time at the same moment. */
function failed(times: number): Backoff {
  const backoff = new Backoff();
  for (let i = 0; i < times; i++) backoff.failed(NOW);
  return backoff;
}

describe('the wait for the next attempt', () => {
  it('is none before anything has failed', () => {
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
  ])('after %i failures is %i ms, or up to twice that', (times, shortest) => {
    expect(failed(times).remaining(NOW, true)).toBe(shortest);
    random.mockReturnValue(0.5);
    expect(failed(times).remaining(NOW, true)).toBe(1.5 * shortest);
    random.mockReturnValue(1);
    expect(failed(times).remaining(NOW, true)).toBe(2 * shortest);
  });

  it('is five seconds at most while no key serves', () => {
    expect(failed(3).remaining(NOW, false)).toBe(4_000);
    expect(failed(4).remaining(NOW, false)).toBe(5_000);
    expect(failed(4).remaining(NOW + 4_999, false)).toBe(1);
    expect(failed(4).remaining(NOW + 5_000, false)).toBe(0);
  });

  it('goes by, and is over once', () => {
    const backoff = failed(1);
    expect(backoff.remaining(NOW + 999, true)).toBe(1);
    expect(backoff.remaining(NOW + 1_000, true)).toBe(0);
    expect(backoff.remaining(NOW + 5_000, true)).toBe(0);
  });

  it('ends with a success, and begins anew with the next failure', () => {
    const backoff = failed(5);
    expect(backoff.failing).toBe(true);
    backoff.succeeded();
    expect([backoff.failing, backoff.remaining(NOW, true)]).toEqual([false, 0]);
    backoff.failed(NOW);
    expect(backoff.remaining(NOW, true)).toBe(1_000);
  });
});

describe('an outage', () => {
  it('lasts half a minute longer than the wait', () => {
    const backoff = failed(1);
    expect(backoff.failedLately(NOW)).toBe(true);
    expect(backoff.failedLately(NOW + 30_999)).toBe(true);
    expect(backoff.failedLately(NOW + 31_000)).toBe(false);
  });

  it('is none before a failure, and after a success', () => {
    expect(new Backoff().failedLately(0)).toBe(false);
    const backoff = failed(1);
    backoff.succeeded();
    expect(backoff.failedLately(NOW)).toBe(false);
  });
});
