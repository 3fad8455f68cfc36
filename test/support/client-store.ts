import type { KeyValueStore } from '../../src/client/index.js';

/** A store whose entries are visible, and whose calls take up to this latency in milliseconds. */
export function openStore(latency = 0) {
  const entries = new Map<string, unknown>();
  const wait = () =>
    latency > 0 ? new Promise((resolve) => setTimeout(resolve, Math.random() * latency)) : undefined;
  const store: KeyValueStore = {
    get: async (key) => {
      await wait();
      return entries.get(key);
    },
    set: async (key, value) => {
      await wait();
      entries.set(key, value);
    },
  };
  const token = () => [...entries].find(([key]) => !key.endsWith(':claim'));
  return { entries, store, token };
}
