import { expect, it } from 'vitest';
import { checkClock } from '../../src/cli/diagnosis/clock.js';

const DATE = Date.parse('2026-11-28T12:00:00Z');

/** The verdict on a clock that is this far ahead of the Date header; the header omits half a second on average. */
const verdict = (ahead: number, age?: string) => {
  const headers = new Headers({ date: new Date(DATE).toUTCString(), ...(age !== undefined && { age }) });
  return checkClock({ status: 200, headers, at: DATE + (ahead + 0.5) * 1000 }).verdict;
};

it.each([0, 5, -5])('checkClock accepts a difference of %d seconds', (ahead) => {
  expect(verdict(ahead)).toBe('ok');
});

it.each([5.001, -5.001])('checkClock reports a difference of %d seconds', (ahead) => {
  expect(verdict(ahead)).toBe('problem');
});

it('checkClock adds the Age header to the date', () => {
  expect([verdict(105, '100'), verdict(105.001, '100'), verdict(105, 'old')]).toEqual([
    'ok',
    'problem',
    'problem',
  ]);
});
