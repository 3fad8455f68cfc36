import { hash, hkdfSync, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CompactEncrypt, compactDecrypt } from 'jose';
import type { KeyValueStore } from '../keys/key-store.js';
import { settledBy } from '../promises.js';
import type { GrantedToken } from './granted-token.js';
import type { ClientSettings } from './options.js';

/** Longer than this nobody waits for the store, in milliseconds: it is there to help. */
const DEADLINE = 500;
/** For how long one replica may say that it is the one who asks Logto, in milliseconds. */
const CLAIM = 2_000;
/** How long a claim takes to be seen by all, in milliseconds, and how often those who wait look again. */
const LOOK = 100;

/**
 * The token that replicas share. What is in the store is encrypted under a key derived from the app's secret (RFC
 * 5869), as a JWE (RFC 7516): who reads the store has nothing, and who writes it can make up nothing. A store that
 * fails costs nothing but its benefit.
 */
export class SharedToken {
  readonly #store: KeyValueStore;
  readonly #name: string;
  readonly #claimName: string;
  readonly #key: Uint8Array;
  /** Whether the store has answered when it was asked last. */
  #answers = true;

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
    this.#store = store;
    this.#name = `express-logto-m2m:token:${hash('sha256', purpose, 'hex')}`;
    this.#claimName = `${this.#name}:claim`;
    this.#key = new Uint8Array(hkdfSync('sha256', appSecret, 'express-logto-m2m shared token', purpose, 32));
  }

  /** The token in the store, if it is for this purpose. Never rejects. */
  async read(): Promise<GrantedToken | undefined> {
    const entry = await this.#get(this.#name);
    if (typeof entry !== 'string') return undefined;
    try {
      const { plaintext } = await compactDecrypt(entry, this.#key, {
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
      });
      return JSON.parse(new TextDecoder().decode(plaintext));
    } catch {
      // Another secret made it, or nobody of ours.
      return undefined;
    }
  }

  /** Puts the token in the store, without waiting for it, and ends the claim. Never throws. */
  write(granted: GrantedToken): void {
    (async () => {
      const entry = await new CompactEncrypt(new TextEncoder().encode(JSON.stringify(granted)))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .encrypt(this.#key);
      await this.#store.set(this.#name, entry, Math.max(1, granted.expiresAt * 1000 - Date.now()));
      await this.#store.set(this.#claimName, 'ended', CLAIM);
    })().catch(() => {});
  }

  /**
   * Decides among replicas which one asks Logto. As the store can only get and set, that is a rule and no lock: the
   * last one to claim it asks, and the others wait for what it writes, or for its claim to end.
   *
   * @param isUseful - whether a token in the store spares the asking
   * @returns what another replica got; undefined where it is for this one to ask
   */
  async awaitTurn(isUseful: (token: GrantedToken) => boolean): Promise<GrantedToken | undefined> {
    if (!this.#answers) return undefined;
    const own = randomUUID();
    const end = performance.now() + CLAIM;
    if (!isClaim(await this.#get(this.#claimName)))
      await this.#set(this.#claimName, { by: own, until: Date.now() + CLAIM }, CLAIM);
    while (this.#answers && performance.now() < end) {
      await sleep(LOOK);
      const [granted, claim] = await Promise.all([this.read(), this.#get(this.#claimName)]);
      if (granted !== undefined && isUseful(granted)) return granted;
      if (!isClaim(claim) || claim.by === own) return undefined;
    }
    return undefined;
  }

  async #get(name: string): Promise<unknown> {
    let found: unknown;
    await this.#ask(async () => {
      found = await this.#store.get(name);
    });
    return found;
  }

  #set(name: string, value: unknown, ttl: number): Promise<void> {
    return this.#ask(async () => void (await this.#store.set(name, value, ttl)));
  }

  async #ask(question: () => Promise<void>): Promise<void> {
    let isAnswered = false;
    const asking = question().then(
      () => {
        isAnswered = true;
      },
      () => {},
    );
    await settledBy(asking, performance.now() + DEADLINE);
    this.#answers = isAnswered;
  }
}

interface Claim {
  readonly by: string;
  readonly until: number;
}

function isClaim(value: unknown): value is Claim {
  if (typeof value !== 'object' || value === null) return false;
  const { by, until } = value as Partial<Claim>;
  const left = Number(until) - Date.now();
  return typeof by === 'string' && left > 0 && left <= CLAIM;
}
