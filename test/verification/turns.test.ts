import { expect, it } from 'vitest';
import { Turns } from '../../src/verification/turns.js';

/** Work that ends when it is told to. */
function held() {
  const order: number[] = [];
  const ends: ((fail?: Error) => void)[] = [];
  const work = (name: number) => () => {
    order.push(name);
    return new Promise<number>((resolve, reject) => {
      ends[name] = (fail) => (fail ? reject(fail) : resolve(name));
    });
  };
  return { order, work, end: (name: number, fail?: Error) => ends[name]?.(fail) };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

it('so many work at once, and the others come in the order in which they came', async () => {
  const turns = new Turns(2);
  const { order, work, end } = held();
  const results = [0, 1, 2, 3].map((name) => turns.take(work(name)));
  await settle();
  expect(order).toEqual([0, 1]);
  end(1);
  await settle();
  expect(order).toEqual([0, 1, 2]);
  end(0);
  end(2);
  await settle();
  end(3);
  expect(await Promise.all(results)).toEqual([0, 1, 2, 3]);
});

it('who fails makes room, too', async () => {
  const turns = new Turns(1);
  const { order, work, end } = held();
  const failing = turns.take(work(0));
  const next = turns.take(work(1));
  await settle();
  end(0, new Error('no'));
  await expect(failing).rejects.toThrow('no');
  await settle();
  end(1);
  expect([await next, order]).toEqual([1, [0, 1]]);
});

it('room that nobody waited for is there for the next', async () => {
  const turns = new Turns(1);
  for (let i = 0; i < 5; i++) expect(await turns.take(async () => i)).toBe(i);
  const { order, work, end } = held();
  const one = turns.take(work(0));
  const two = turns.take(work(1));
  await settle();
  expect(order).toEqual([0]);
  end(0);
  await settle();
  end(1);
  expect(await Promise.all([one, two])).toEqual([0, 1]);
});
