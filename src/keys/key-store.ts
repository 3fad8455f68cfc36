import { hash } from 'node:crypto';
import { bare } from '../checks/own.js';
import { withoutQuery } from '../checks/uris.js';
import { settledBy } from '../promises.js';
import { Moment } from './moment.js';
import { type KeyList, keysFromJwks, keysToJwks } from './verification-key.js';

/**
 * What Keyv and its like offer: a store that replicas share. Who can write it can issue tokens, for the keys in
 * it are believed: guard it as you would guard Logto's own database.
 */
export interface KeyValueStore {
  /** What was set for that key; undefined or null where there is nothing, or no longer. */
  get(key: string): Promise<unknown>;
  /** Keeps a value, a string or plain JSON data, for so many milliseconds. */
  set(key: string, value: unknown, ttlMilliseconds: number): Promise<unknown>;
}

/** Keys, and when the fetch that brought them began. */
export interface FetchedKeys extends KeyList {
  readonly startedAt: Moment;
}

export interface KeyStoreOptions {
  readonly store: KeyValueStore;
  readonly issuer: string;
  readonly jwksUri: string;
  /** How old keys may become, in milliseconds. */
  readonly maxLife: number;
}

/** Longer than this nobody waits for the store: it is there to help. */
const DEADLINE = 500;

/** One issuer's keys in a shared store. A store that fails costs nothing but its benefit. */
export class KeyStore {
  readonly #options: KeyStoreOptions;
  /** Of the whole address, its query too, and hashed for that. */
  readonly #name: string;
  readonly #jwksUri: string;

  constructor(options: KeyStoreOptions) {
    this.#options = options;
    const { issuer, jwksUri } = options;
    this.#name = `express-logto-m2m:keys:${hash('sha256', JSON.stringify([issuer, jwksUri]), 'hex')}`;
    this.#jwksUri = withoutQuery(jwksUri);
  }

  /** The keys in the store, if they are this issuer's and young enough. Never rejects. */
  async read(): Promise<FetchedKeys | undefined> {
    let found: FetchedKeys | undefined;
    const reading = (async () => {
      found = this.#check(await this.#options.store.get(this.#name));
    })().catch(() => {});
    await settledBy(reading, performance.now() + DEADLINE);
    return found;
  }

  /** Puts the keys in the store, without waiting for it. Never throws. */
  write({ keys, startedAt }: Pick<FetchedKeys, 'keys' | 'startedAt'>): void {
    const { store, issuer, maxLife } = this.#options;
    const entry = { issuer, jwksUri: this.#jwksUri, fetchedAt: startedAt.wall, jwks: keysToJwks(keys) };
    (async () => store.set(this.#name, entry, Math.ceil(maxLife)))().catch(() => {});
  }

  /** An entry is checked as an answer from the network is, for others write the store too. */
  #check(entry: unknown): FetchedKeys | undefined {
    const { issuer, jwksUri, fetchedAt, jwks } = bare(entry);
    if (issuer !== this.#options.issuer || jwksUri !== this.#jwksUri) return undefined;
    if (typeof fetchedAt !== 'number') return undefined;
    const age = Date.now() - fetchedAt;
    if (!(age >= 0 && age < this.#options.maxLife)) return undefined;
    return { ...keysFromJwks(jwks), startedAt: Moment.at(fetchedAt) };
  }
}
