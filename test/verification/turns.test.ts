import { expect, it } from 'vitest';
import { Turns } from '../../src/verification/turns.js';

/** Work that ends when the test calls end(). */
function held() {
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const work = (name: number) => (end: () => void) => {
    begun.push(name);
    ends[name] = end;
  };
  return { begun, work, end: (name: number) => ends[name]?.() };
}

it('runs a limited number at once, and starts the others in order', () => {
  const turns = new Turns(2);
  const { begun, work, end } = held();
  for (const name of [0, 1, 2, 3, 4]) turns.take(work(name));
  expect(begun).toEqual([0, 1]);
  end(1);
  expect(begun).toEqual([0, 1, 2]);
  end(0);
  end(2);
  expect(begun).toEqual([0, 1, 2, 3, 4]);
});

it('starts work at once if a turn is free, also after earlier work has ended', () => {
  const turns = new Turns(1);
  const { begun, work, end } = held();
  for (const name of [0, 1, 2]) {
    turns.take(work(name));
    expect(begun).toHaveLength(name + 1);
    end(name);
  }
  turns.take(work(3));
  turns.take(work(4));
  expect(begun).toEqual([0, 1, 2, 3]);
  end(3);
  expect(begun).toEqual([0, 1, 2, 3, 4]);
  turns.take(work(5));
  expect(begun).toHaveLength(5);
});
