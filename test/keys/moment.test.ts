import { afterEach, expect, it, vi } from 'vitest';
import { Moment } from '../../src/keys/moment.js';

const DAY = 86_400_000;
const NOW = 2_000_000_000_000;

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Both clocks, each at its own time. */
function clocks(wall: number, monotonic: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: wall });
  vi.spyOn(performance, 'now').mockReturnValue(monotonic);
}

it.each([
  ['is what both clocks say', 1_000, 1_000, 1_000],
  ['goes on while the wall clock is set back', -400 * DAY, 1_000, 1_000],
  ['is more where the wall clock was set forward', DAY, 1_000, DAY],
  ['counts the time that the machine has slept', DAY, 0, DAY],
])('the age of a moment %s', (_what, wall, monotonic, age) => {
  clocks(NOW, 5_000);
  const moment = Moment.now();
  clocks(NOW + wall, 5_000 + monotonic);
  expect(moment.age()).toBe(age);
  expect(moment.age(NOW + wall)).toBe(age);
  expect(moment.wall).toBe(NOW);
});

it('a moment of another process ages by both clocks from when it was read', () => {
  clocks(NOW, 5_000);
  const moment = Moment.at(NOW - 3_000);
  expect(moment.age()).toBe(3_000);
  clocks(NOW - 400 * DAY, 5_500);
  expect(moment.age()).toBe(3_500);
});
