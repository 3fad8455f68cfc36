import { hash, hkdfSync } from 'node:crypto';
import { CompactEncrypt, compactDecrypt } from 'jose';
import { BoundedStore } from '../util/bounded-store.js';
import type { KeyValueStore } from '../util/key-value-store.js';
import { bare } from '../util/own.js';
import { Claim } from './claim.js';
import { type GrantedToken, readGrantedToken } from './granted-token.js';
import type { ClientSettings } from './options.js';
import { TokenFailure } from './token-failure.js';

/**
 * The token that replicas share. Store entries are JWEs (RFC 7516), encrypted under a key derived from the app's
 * secret (RFC 5869): read access to the store reveals no token, and write access cannot forge one. If the store
 * fails, the replica requests its own token.
 */
export class SharedToken {
  readonly #store: BoundedStore;
  readonly #name: string;
  readonly #claim: Claim;
  readonly #key: Uint8Array;

  constructor(store: KeyValueStore, settings: ClientSettings) {
    const { endpoint, appId, appSecret, resource, organizationId, scopes } = settings;
    // A token is only valid for the parameters that it was requested with.
    const purpose = JSON.stringify([
      endpoint,
      appId,
      resource ?? null,
      organizationId ?? null,
      scopes.toSorted(),
    ]);
    this.#store = new BoundedStore(store);
    this.#name = `express-logto-m2m:token:${hash('sha256', purpose, 'hex')}`;
    this.#claim = new Claim(this.#store, `${this.#name}:claim`);
    // Derived from the name, a hash: the purpose may be longer than HKDF allows.
    this.#key = new Uint8Array(
      hkdfSync('sha256', appSecret, 'express-logto-m2m shared token', this.#name, 32),
    );
  }

  /**
   * Returns the token that another replica has obtained or is about to obtain. If it is this replica's turn, or no
   * other token is found in time, requests one.
   *
   * @param isUseful - whether a stored token makes a token request unnecessary
   * @param ask - sends the token request; never rejects
   * @param deadline - until when to wait for the store and other replicas, by `performance.now()`
   */
  async obtain(
    isUseful: (token: GrantedToken) => boolean,
    ask: () => Promise<GrantedToken | TokenFailure>,
    deadline: number,
  ): Promise<GrantedToken | TokenFailure> {
    const find = async () => {
      const found = await this.#read(deadline);
      return found !== undefined && isUseful(found) ? found : undefined;
    };
    const found = (await find()) ?? (await this.#claim.awaitTurn(find, deadline));
    if (found !== undefined) return found;
    const release = this.#claim.keep();
    const outcome = await ask();
    // The caller does not wait for the store.
    this.#share(outcome, release).catch(() => {});
    return outcome;
  }

  async #share(outcome: GrantedToken | TokenFailure, release: () => Promise<void>): Promise<void> {
    if (!(outcome instanceof TokenFailure)) await this.#write(outcome);
    await release();
  }

  async #read(deadline: number): Promise<GrantedToken | undefined> {
    const entry = await this.#store.get(this.#name, deadline);
    if (typeof entry !== 'string') return undefined;
    try {
      const algorithms = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] };
      const { plaintext } = await compactDecrypt(entry, this.#key, bare(algorithms));
      return readGrantedToken(JSON.parse(new TextDecoder().decode(plaintext)));
    } catch {
      // Another secret or other code wrote the entry.
      return undefined;
    }
  }

  async #write(granted: GrantedToken): Promise<void> {
    const entry = await new CompactEncrypt(new TextEncoder().encode(JSON.stringify(granted)))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .encrypt(this.#key);
    await this.#store.set(this.#name, entry, Math.max(1, granted.expiresAt * 1000 - Date.now()));
  }
}
