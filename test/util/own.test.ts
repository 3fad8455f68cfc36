import { describe, expect, it } from 'vitest';
import { bare, hasMember, member, own } from '../../src/util/own.js';

class Base {
  inherited = 'own';
  get byClass(): string {
    return 'by class';
  }
}

const prototypeOf = Object.getPrototypeOf;

describe('a bare copy', () => {
  it('has only the own members, and no prototype', () => {
    const copy = bare(Object.assign(Object.create({ inherited: 1 }), { a: 1, __proto__: null }));
    expect(Object.entries(copy)).toEqual([['a', 1]]);
    expect(prototypeOf(copy)).toBeNull();
    expect('toString' in copy).toBe(false);
  });

  it('keeps a member named __proto__ as a member', () => {
    const copy = bare(JSON.parse('{"__proto__": {"admin": true}}') as unknown);
    expect(prototypeOf(copy)).toBeNull();
    expect(Object.keys(copy)).toEqual(['__proto__']);
    expect(copy['admin']).toBeUndefined();
  });

  it('reads each member once', () => {
    let reads = 0;
    const copy = bare({
      get a() {
        reads += 1;
        return reads;
      },
    });
    expect([copy.a, copy.a, reads]).toEqual([1, 1, 1]);
  });

  it.each([undefined, null, 5, 'text', true])('of %j is empty', (value) => {
    expect(Object.keys(bare(value as unknown))).toEqual([]);
  });
});

describe('reading a member', () => {
  it('by own() finds only what the object itself has', () => {
    expect(own({ a: 1 }, 'a')).toBe(1);
    expect(own({ a: undefined }, 'a')).toBeUndefined();
    expect(own(new Base(), 'byClass')).toBeUndefined();
    expect(own({}, 'toString')).toBeUndefined();
    for (const value of [undefined, null, 'text', 5]) expect(own(value, 'length')).toBeUndefined();
  });

  it('by hasMember() and member() also finds what its class has, but not what all objects have', () => {
    const derived = new (class extends Base {})();
    for (const name of ['inherited', 'byClass', 'constructor']) expect(hasMember(derived, name)).toBe(true);
    for (const name of ['toString', 'absent']) expect(hasMember(derived, name)).toBe(false);
    expect(hasMember({ toString: 1 }, 'toString')).toBe(true);
    expect(hasMember(Object.assign(Object.create(null), { a: 1 }), 'a')).toBe(true);
    expect(member(derived, 'byClass')).toBe('by class');
    expect(member(derived, 'toString')).toBeUndefined();
    expect(member('text', 'length')).toBeUndefined();
  });
});
