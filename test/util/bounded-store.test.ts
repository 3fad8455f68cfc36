import { describe, expect, it } from 'vitest';
import { BoundedStore } from '../../src/util/bounded-store.js';
import type { KeyValueStore } from '../../src/util/key-value-store.js';

const never = () => new Promise<never>(() => {});
const working = () => {
  const entries = new Map<string, unknown>();
  const lifetimes: number[] = [];
  const store: KeyValueStore = {
    get: async (key) => entries.get(key),
    set: async (key, value, ttl) => {
      entries.set(key, value);
      lifetimes.push(ttl);
    },
  };
  return { store: new BoundedStore(store), lifetimes };
};
const thrown = (): never => {
  throw new Error('x');
};
const rejected = () => Promise.reject(new Error('x'));

describe('a bounded store', () => {
  it('reads and writes entries', async () => {
    const { store, lifetimes } = working();
    expect(store.isResponding).toBe(true);
    await store.set('a', 1, 5_000);
    store.write('b', 2, 6_000);
    expect([await store.get('a'), await store.get('b'), await store.get('c')]).toEqual([1, 2, undefined]);
    expect(lifetimes).toEqual([5_000, 6_000]);
    expect(store.isResponding).toBe(true);
  });

  it.each([
    ['throws', thrown],
    ['rejects', rejected],
  ])('neither throws nor rejects if the store %s', async (_how, fail) => {
    const store = new BoundedStore({ get: fail, set: fail });
    expect(await store.get('a')).toBeUndefined();
    expect(store.isResponding).toBe(false);
    await store.set('a', 1, 1_000);
    store.write('a', 1, 1_000);
    expect(store.isResponding).toBe(false);
  });

  it('waits half a second for a store that hangs, or until an earlier deadline', async () => {
    const store = new BoundedStore({ get: never, set: never });
    const began = performance.now();
    expect(await store.get('a', began + 5)).toBeUndefined();
    await store.set('a', 1, 1_000, began + 5);
    expect(performance.now() - began).toBeLessThan(400);
    expect(await store.get('a')).toBeUndefined();
    expect(performance.now() - began).toBeGreaterThan(490);
    expect(store.isResponding).toBe(false);
  });

  it('reports that the store responds again', async () => {
    let isUp = false;
    const store = new BoundedStore({
      get: async () => (isUp ? 1 : rejected()),
      set: async () => (isUp ? undefined : rejected()),
    });
    await store.get('a');
    expect(store.isResponding).toBe(false);
    isUp = true;
    await store.set('a', 1, 1_000);
    expect(store.isResponding).toBe(true);
  });
});
