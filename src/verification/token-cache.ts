import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { OwnAccessToken } from '../access-token.js';
import { bare } from '../checks/own.js';
import type { KeySource } from '../keys/key-source.js';
import type { VerificationKey } from '../keys/verification-key.js';

/**
 * What stays true of a token for as long as it lives: its issuer, its form and its signature by that key. What
 * depends on the moment or on the route is no part of it.
 */
export interface VerifiedToken {
  readonly token: OwnAccessToken;
  readonly notBefore: number | undefined;
  readonly key: VerificationKey;
  readonly keySource: KeySource;
}

/** What stands for a token in the cache, which never holds the token itself: 32 bytes as 32 characters. */
export function digestOf(text: string): string {
  return hash('sha256', text, 'binary');
}

/** The cache's part of `health()`. */
export interface TokenCacheHealth {
  /** How many verified tokens are kept now. */
  readonly size: number;
  /** How many are kept at most; 0 where the cache is off. */
  readonly max: number;
  /** How often a token was known from before. */
  readonly hits: number;
  /** How often a token, valid or not, was not. */
  readonly misses: number;
}

/**
 * Where `get` reads and writes a status: it would find that of `Object.prototype`. Its other options are about a time to
 * live, which no token here has.
 */
const options = { status: undefined };

/** Verified tokens by their digest. Only valid tokens are in it; the least recently used make room. */
export class TokenCache {
  readonly #tokens: LRUCache<string, VerifiedToken> | undefined;
  /** How many tokens are kept. */
  readonly max: number;
  #hits = 0;
  #misses = 0;

  /** @param max - how many tokens are kept; 0 for none */
  constructor(max: number) {
    this.max = max;
    // With `max`, the library would allocate the memory of all entries at once.
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
