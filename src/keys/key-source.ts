import { quote } from '../checks/printable.js';
import { Refusal } from '../errors.js';
import type { IgnoredKey, Keys, VerificationKey } from './verification-key.js';

/** Where an issuer's keys come from: Logto itself, or the configuration. */
export interface KeySource {
  /**
   * The keys that may be used at this moment without waiting, or undefined. On the path of every request, so
   * it is synchronous; it starts a refresh in the background where one is due.
   *
   * @param now - by `Date.now()`
   */
  current(now: number): Keys | undefined;
  /** The keys, waiting for them where that is needed. Never rejects. */
  usable(): Promise<Keys | Refusal>;
  /**
   * The key of that id. One that is not held is waited for until a refresh that began after this call has ended: only
   * then it is called unknown. Never rejects.
   *
   * @param onUnknown - called once the key is known not to be held, before it is waited for as an unknown one
   */
  find(kid: string, onUnknown?: () => void): Promise<VerificationKey | Refusal>;
  /** Whether there are keys that may be trusted, and none of that id. Without side effects. */
  lacks(kid: string): boolean;
  /** Why this very key may no longer vouch for anything, if so. Without side effects. */
  checkKey(key: VerificationKey): Refusal | undefined;
  /** Without side effects. */
  health(): KeyHealth;
}

/** One issuer's part of `health()`. Times are in seconds since the epoch. */
export interface KeyHealth {
  /** The `iss` of its tokens. */
  readonly issuer: string;
  /** The ids of the keys that are trusted now. */
  readonly keyIds: readonly string[];
  /** Keys that stand in its key set and cannot check signatures, with the reason of each; absent where there are none. */
  readonly ignoredKeys?: readonly IgnoredKey[];
  /** When the fetch that brought them began. */
  readonly fetchedAt?: number;
  /** Whether they are older than `jwksCache.maxAge`. */
  readonly stale: boolean;
  /** Why the last refresh failed, if it did. */
  readonly lastError?: string;
  /** Before this no background refresh is tried again. */
  readonly nextAttemptAt?: number;
}

/** The refusal of a token whose key the issuer does not have. */
export function unknownKey(kid: string, issuer: string, keys: Keys): Refusal {
  const known = [...keys.keys()].slice(0, 10).map(quote).join(', ');
  return new Refusal('unknown_key', `The token's kid is ${quote(kid)}; the keys of ${issuer} are ${known}.`);
}

/** The refusal of a token whose key was the issuer's, and is no more. */
export function withdrawnKey(kid: string, issuer: string): Refusal {
  return new Refusal('unknown_key', `The key ${quote(kid)} of ${issuer} was withdrawn just now.`);
}
