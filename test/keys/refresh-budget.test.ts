import { expect, it } from 'vitest';
import { RefreshBudget } from '../../src/keys/refresh-budget.js';

const NOW = 1_000_000;

/** Takes at these moments, counted from NOW. */
const taken = (budget: RefreshBudget, ...moments: number[]) =>
  moments.map((moment) => budget.take(NOW + moment));

it('gives two at once, then one each interval', () => {
  const budget = new RefreshBudget(1_000);
  expect(taken(budget, 0, 0, 0)).toEqual([true, true, false]);
  expect(taken(budget, 999, 1_000, 1_000, 1_999, 2_000, 2_000)).toEqual([
    false,
    true,
    false,
    false,
    true,
    false,
  ]);
});

it('forgets no part of an interval that somebody asked in', () => {
  const budget = new RefreshBudget(1_000);
  taken(budget, 0, 0);
  expect(taken(budget, 1_700, 2_000, 2_999, 3_000)).toEqual([true, true, false, true]);
});

it('saves up no more than two, and no part of a third', () => {
  const budget = new RefreshBudget(1_000);
  taken(budget, 0, 0);
  expect(taken(budget, 2_500, 2_500, 2_500, 3_499, 3_500)).toEqual([true, true, false, false, true]);
  expect(taken(budget, 90_000, 90_000, 90_000)).toEqual([true, true, false]);
});

it('counts one that is left to the next', () => {
  const budget = new RefreshBudget(1_000);
  expect(taken(budget, 0, 1_500, 1_500, 1_500)).toEqual([true, true, true, false]);
});

it('counts anew from a clock that was set back', () => {
  const budget = new RefreshBudget(1_000);
  taken(budget, 0, 0);
  expect(taken(budget, -5_000, -4_001, -4_000, -4_000)).toEqual([false, false, true, false]);
});
