import { describe, expect, it } from 'vitest';
import { type Marks, privateMarks, requestMarks } from '../../src/middleware/marks.js';

describe.each<[what: string, make: () => Marks<string>]>([
  ['private fields', () => privateMarks()],
  ['a WeakMap', () => new WeakMap()],
])('marks by %s', (_what, make) => {
  it('are there for the object that was marked, and for no other', () => {
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

  it('can be changed, and taken away', () => {
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

  it('take no notice of an object that was never marked', () => {
    const marks = make();
    const object = {};
    marks.delete(object);
    expect(marks.get(object)).toBeUndefined();
  });

  it('belong to one set of marks alone', () => {
    const [one, other] = [make(), make()];
    const object = {};
    one.set(object, 'one');
    expect(other.get(object)).toBeUndefined();
    other.set(object, 'other');
    one.delete(object);
    expect([one.get(object), other.get(object)]).toEqual([undefined, 'other']);
  });

  it('hold for an object under another prototype, for a frozen one, and for a Proxy by itself', () => {
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

  it.each([undefined, null, 'text', 1, Symbol('symbol')])('know nothing of %s', (value) => {
    expect(make().get(value as never)).toBeUndefined();
  });
});

it.each([
  ['20.20.2', WeakMap],
  ['22.23.3', WeakMap],
  ['24.0.0', Function],
  ['100.0.0', Function],
])('under Node %s requests are marked by the faster way', (node, kind) => {
  expect(requestMarks(node)).toBeInstanceOf(kind);
});
