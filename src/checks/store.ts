import type { KeyValueStore } from '../keys/key-store.js';
import { type Owner, optionError } from './values.js';

/** @throws TypeError when it is no store */
export function checkStore(owner: Owner, option: string, store: KeyValueStore): KeyValueStore {
  if (typeof store?.get === 'function' && typeof store.set === 'function') return store;
  throw optionError(owner, option, 'a store with get and set, as a Keyv', store);
}
