import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { OwnAccessToken } from '../access-token.js';
import type { KeySource } from '../keys/key-source.js';
import type { VerificationKey } from '../keys/verification-key.js';
import { bare } from '../util/own.js';

/**
 * The properties of a token that do not change: its issuer, its form and its signature by that key. Checks that
 * depend on the time or on the route are not included.
 */
export interface VerifiedToken {
  readonly token: OwnAccessToken;
  readonly notBefore: number | undefined;
  readonly key: VerificationKey;
  readonly keySource: KeySource;
}

/** The cache key of a token: 32 bytes as 32 characters. The cache never holds the token itself. */
export function digestOf(text: string): string {
  return hash('sha256', text, 'binary');
}

/** The cache's part of `health()`. */
export interface TokenCacheHealth {
  /** The current number of verified tokens in the cache. */
  readonly size: number;
  /** The maximum number of tokens; 0 if the cache is off. */
  readonly max: number;
  /** The number of lookups that found a token. */
  readonly hits: number;
  /** The number of lookups that found no token, for valid and for invalid tokens. */
  readonly misses: number;
}

/**
 * `get` reads and writes `status` here. Without an own member it would use that of `Object.prototype`. Its other
 * options concern a time to live, which no token here has.
 */
const options = { status: undefined };

/** Verified tokens by their digest. It holds only valid tokens, and evicts the least recently used. */
export class TokenCache {
  readonly #tokens: LRUCache<string, VerifiedToken> | undefined;
  /** The maximum number of tokens. */
  readonly max: number;
  #hits = 0;
  #misses = 0;

  /** @param max - the maximum number of tokens; 0 for none */
  constructor(max: number) {
    this.max = max;
    // With `max`, lru-cache would allocate the memory of all entries at once.
    this.#tokens = max > 0 ? new LRUCache(bare({ maxSize: max })) : undefined;
  }

  get(digest: string): VerifiedToken | undefined {
    options.status = undefined;
    const verified = this.#tokens?.get(digest, options as object);
    if (verified === undefined) this.#misses += 1;
    else this.#hits += 1;
    return verified;
  }

  set(digest: string, verified: VerifiedToken): void {
    this.#tokens?.set(digest, verified, bare({ size: 1 }));
  }

  delete(digest: string): void {
    this.#tokens?.delete(digest);
  }

  health(): TokenCacheHealth {
    return { size: this.#tokens?.size ?? 0, max: this.max, hits: this.#hits, misses: this.#misses };
  }
}
