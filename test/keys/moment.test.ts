import { afterEach, expect, it, vi } from 'vitest';
import { Moment } from '../../src/keys/moment.js';

const DAY = 86_400_000;
const NOW = 2_000_000_000_000;

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Sets both clocks. */
function clocks(wall: number, monotonic: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: wall });
  vi.spyOn(performance, 'now').mockReturnValue(monotonic);
}

it.each([
  ['follows both clocks', 1_000, 1_000, 1_000],
  ['increases although the wall clock is set back', -400 * DAY, 1_000, 1_000],
  ['follows the wall clock if that is set forward', DAY, 1_000, DAY],
  ['includes the time that the machine has slept', DAY, 0, DAY],
])('the age of a moment %s', (_what, wall, monotonic, age) => {
  clocks(NOW, 5_000);
  const moment = Moment.now();
  clocks(NOW + wall, 5_000 + monotonic);
  expect(moment.age()).toBe(age);
  expect(moment.age(NOW + wall)).toBe(age);
  expect(moment.wall).toBe(NOW);
});

it('a moment from another process ages by both clocks after it is read', () => {
  clocks(NOW, 5_000);
  const moment = Moment.at(NOW - 3_000);
  expect(moment.age()).toBe(3_000);
  clocks(NOW - 400 * DAY, 5_500);
  expect(moment.age()).toBe(3_500);
});
