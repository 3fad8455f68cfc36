import { expect, it } from 'vitest';
import { RefreshPace } from '../../src/keys/refresh-pace.js';

const NOW = 1_000_000;

/** A pace after refreshes that began at these times, relative to NOW, and brought no new key. */
function idle(...moments: number[]): RefreshPace {
  const pace = new RefreshPace(3_000);
  for (const moment of moments) {
    pace.begin(NOW + moment);
    pace.endInVain();
  }
  return pace;
}

it('lets the first refresh begin at once', () => {
  expect(new RefreshPace(3_000).remaining(0)).toBe(0);
});

it('measures the interval from the beginning of the last refresh', () => {
  const pace = new RefreshPace(3_000);
  pace.begin(NOW);
  expect([pace.remaining(NOW), pace.remaining(NOW + 1_049), pace.remaining(NOW + 1_050)]).toEqual([
    1_050, 1, 0,
  ]);
  expect(pace.remaining(NOW + 90_000)).toBe(0);
});

it('doubles the interval while refreshes bring no new key, up to the maximum', () => {
  expect(idle(0).remaining(NOW)).toBe(2_100);
  expect(idle(0, 2_100).remaining(NOW + 2_100)).toBe(3_000);
  expect(idle(0, 2_100, 5_100, 8_100).remaining(NOW + 8_100)).toBe(3_000);
});

it('returns to the shortest interval after a new key', () => {
  const pace = idle(0, 2_100, 5_100);
  pace.endWithNewKey();
  expect(pace.remaining(NOW + 5_100)).toBe(1_050);
});

it('starts doubling again after a pause of twice the interval', () => {
  expect(idle(0, 4_199).remaining(NOW + 4_199)).toBe(3_000);
  expect(idle(0, 4_200).remaining(NOW + 4_200)).toBe(2_100);
});

it('lets at most 25 refreshes begin in a minute, however often they are requested', () => {
  for (const step of [1, 250, 1_050, 2_100, 3_000, 4_200, 6_000]) {
    const pace = new RefreshPace(3_000);
    pace.begin(NOW);
    pace.endWithNewKey();
    let begun = 1;
    for (let moment = 0; moment < 60_000; moment += step) {
      if (pace.remaining(NOW + moment) > 0) continue;
      pace.begin(NOW + moment);
      pace.endInVain();
      begun += 1;
    }
    expect(begun).toBeLessThanOrEqual(25);
  }
});

it('keeps the interval above one second, however short the maximum is', () => {
  const pace = new RefreshPace(100);
  pace.begin(NOW);
  pace.endInVain();
  expect(pace.remaining(NOW)).toBe(1_050);
});
