import { hash } from 'node:crypto';
import { withoutQuery } from '../util/addresses.js';
import { BoundedStore } from '../util/bounded-store.js';
import type { KeyValueStore } from '../util/key-value-store.js';
import { bare } from '../util/own.js';
import { Moment } from './moment.js';
import { type KeyList, keysFromJwks, keysToJwks } from './verification-key.js';

/** Keys, and when their fetch began. */
export interface FetchedKeys extends KeyList {
  readonly startedAt: Moment;
}

export interface KeyStoreOptions {
  readonly store: KeyValueStore;
  readonly issuer: string;
  readonly jwksUri: string;
  /** The maximum age of keys, in milliseconds. */
  readonly maxLife: number;
}

/** One issuer's keys in a shared store. If the store fails, the keys are fetched from Logto. */
export class KeyStore {
  readonly #options: KeyStoreOptions;
  readonly #store: BoundedStore;
  /** Derived from the complete address. Hashed, since the query of the address may contain a secret. */
  readonly #name: string;
  readonly #jwksUri: string;

  constructor(options: KeyStoreOptions) {
    this.#options = options;
    this.#store = new BoundedStore(options.store);
    const { issuer, jwksUri } = options;
    this.#name = `express-logto-m2m:keys:${hash('sha256', JSON.stringify([issuer, jwksUri]), 'hex')}`;
    this.#jwksUri = withoutQuery(jwksUri);
  }

  /** Reads the keys from the store, if they belong to this issuer and are young enough. Never rejects. */
  async read(): Promise<FetchedKeys | undefined> {
    const entry = await this.#store.get(this.#name);
    try {
      return this.#check(entry);
    } catch {
      return undefined;
    }
  }

  /** Writes the keys to the store, without waiting for it. Never throws. */
  write({ keys, startedAt }: Pick<FetchedKeys, 'keys' | 'startedAt'>): void {
    const { issuer, maxLife } = this.#options;
    const entry = { issuer, jwksUri: this.#jwksUri, fetchedAt: startedAt.wall, jwks: keysToJwks(keys) };
    this.#store.write(this.#name, entry, Math.ceil(maxLife));
  }

  /** Checks an entry like a response from the network, since others write to the store, too. */
  #check(entry: unknown): FetchedKeys | undefined {
    const { issuer, jwksUri, fetchedAt, jwks } = bare(entry);
    if (issuer !== this.#options.issuer || jwksUri !== this.#jwksUri) return undefined;
    if (typeof fetchedAt !== 'number') return undefined;
    const age = Date.now() - fetchedAt;
    if (!(age >= 0 && age < this.#options.maxLife)) return undefined;
    return { ...keysFromJwks(jwks), startedAt: Moment.at(fetchedAt) };
  }
}
