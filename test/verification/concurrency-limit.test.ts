import { expect, it } from 'vitest';
import { ConcurrencyLimit } from '../../src/verification/concurrency-limit.js';

/** Tasks that end when the test calls end(). */
function held() {
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const task = (name: number) => (end: () => void) => {
    begun.push(name);
    ends[name] = end;
  };
  return { begun, task, end: (name: number) => ends[name]?.() };
}

it('runs a limited number at once, and starts the others in order', () => {
  const limit = new ConcurrencyLimit(2);
  const { begun, task, end } = held();
  for (const name of [0, 1, 2, 3, 4]) limit.run(task(name));
  expect(begun).toEqual([0, 1]);
  end(1);
  expect(begun).toEqual([0, 1, 2]);
  end(0);
  end(2);
  expect(begun).toEqual([0, 1, 2, 3, 4]);
});

it('starts a task at once while fewer than the limit run, also after earlier tasks have ended', () => {
  const limit = new ConcurrencyLimit(1);
  const { begun, task, end } = held();
  for (const name of [0, 1, 2]) {
    limit.run(task(name));
    expect(begun).toHaveLength(name + 1);
    end(name);
  }
  limit.run(task(3));
  limit.run(task(4));
  expect(begun).toEqual([0, 1, 2, 3]);
  end(3);
  expect(begun).toEqual([0, 1, 2, 3, 4]);
  limit.run(task(5));
  expect(begun).toHaveLength(5);
});
