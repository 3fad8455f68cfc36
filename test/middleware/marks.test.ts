import { describe, expect, it } from 'vitest';
import { type Marks, privateMarks, requestMarks } from '../../src/middleware/marks.js';

describe.each<[what: string, make: () => Marks<string>]>([
  ['private fields', () => privateMarks()],
  ['a WeakMap', () => new WeakMap()],
])('marks in %s', (_what, make) => {
  it('exist only for the object that was marked', () => {
    const marks = make();
    const object = {};
    expect(marks.get(object)).toBeUndefined();
    marks.set(object, 'one');
    expect([marks.get(object), marks.get({}), marks.get(Object.create(object))]).toEqual([
      'one',
      undefined,
      undefined,
    ]);
    expect(Reflect.ownKeys(object)).toEqual([]);
  });

  it('can be changed and deleted', () => {
    const marks = make();
    const object = {};
    marks.set(object, 'one');
    marks.set(object, 'two');
    expect(marks.get(object)).toBe('two');
    marks.delete(object);
    expect(marks.get(object)).toBeUndefined();
    marks.set(object, 'three');
    expect(marks.get(object)).toBe('three');
  });

  it('ignore the deletion of a mark that was never set', () => {
    const marks = make();
    const object = {};
    marks.delete(object);
    expect(marks.get(object)).toBeUndefined();
  });

  it('are independent of other sets of marks', () => {
    const [one, other] = [make(), make()];
    const object = {};
    one.set(object, 'one');
    expect(other.get(object)).toBeUndefined();
    other.set(object, 'other');
    one.delete(object);
    expect([one.get(object), other.get(object)]).toEqual([undefined, 'other']);
  });

  it('work for objects with another prototype, frozen objects, and a Proxy but not its target', () => {
    const marks = make();
    const target = {};
    const proxy = new Proxy(target, {
      get: () => expect.unreachable(),
      has: () => expect.unreachable(),
    });
    for (const object of [Object.create(null), Object.freeze({}), proxy]) {
      marks.set(object, 'marked');
      if (!Object.isFrozen(object)) Object.setPrototypeOf(object, null);
      expect(marks.get(object)).toBe('marked');
    }
    expect(marks.get(target)).toBeUndefined();
  });

  it.each([undefined, null, 'text', 1, Symbol('symbol')])('are undefined for %s', (value) => {
    expect(make().get(value as never)).toBeUndefined();
  });
});

it.each([
  ['20.20.2', WeakMap],
  ['22.23.3', WeakMap],
  ['24.0.0', Function],
  ['100.0.0', Function],
])('requestMarks uses the faster implementation under Node %s', (node, kind) => {
  expect(requestMarks(node)).toBeInstanceOf(kind);
});
