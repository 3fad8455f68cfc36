import { hash, hkdfSync } from 'node:crypto';
import { CompactEncrypt, compactDecrypt } from 'jose';
import { bare } from '../checks/own.js';
import type { KeyValueStore } from '../checks/store.js';
import { BoundedStore } from './bounded-store.js';
import { Claim } from './claim.js';
import { type GrantedToken, readGrantedToken } from './granted-token.js';
import type { ClientSettings } from './options.js';
import { TokenFailure } from './token-failure.js';

/**
 * The token that replicas share. What is in the store is encrypted under a key derived from the app's secret (RFC
 * 5869), as a JWE (RFC 7516): who reads the store has nothing, and who writes it can make up nothing. A store that
 * fails costs nothing but its benefit.
 */
export class SharedToken {
  readonly #store: BoundedStore;
  readonly #name: string;
  readonly #claim: Claim;
  readonly #key: Uint8Array;

  constructor(store: KeyValueStore, settings: ClientSettings) {
    const { endpoint, appId, appSecret, resource, organizationId, scopes } = settings;
    // A token serves for what it was asked for, and for nothing else.
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
    // By the name, as what it stands for may be longer than HKDF takes.
    this.#key = new Uint8Array(
      hkdfSync('sha256', appSecret, 'express-logto-m2m shared token', this.#name, 32),
    );
  }

  /**
   * The token of the replicas: what one of them got, or is about to get; and where it is for this one, what it asks for.
   *
   * @param isUseful - whether a token in the store spares the asking
   * @param ask - never rejects
   * @param deadline - until when store and replicas are waited for, by `performance.now()`
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
    this.#claim.keep();
    const outcome = await ask();
    // Without waiting for the store.
    this.#share(outcome).catch(() => {});
    return outcome;
  }

  async #share(outcome: GrantedToken | TokenFailure): Promise<void> {
    if (!(outcome instanceof TokenFailure)) await this.#write(outcome);
    await this.#claim.end();
  }

  async #read(deadline: number): Promise<GrantedToken | undefined> {
    const entry = await this.#store.get(this.#name, deadline);
    if (typeof entry !== 'string') return undefined;
    try {
      const algorithms = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] };
      const { plaintext } = await compactDecrypt(entry, this.#key, bare(algorithms));
      return readGrantedToken(JSON.parse(new TextDecoder().decode(plaintext)));
    } catch {
      // It was made with another secret, or by other code.
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
