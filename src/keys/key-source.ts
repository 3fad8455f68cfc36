import { Refusal } from '../refusal.js';
import { quote } from '../util/printable.js';
import type { IgnoredKey, Keys, VerificationKey } from './verification-key.js';

/** The source of an issuer's keys: Logto itself, or the configuration. */
export interface KeySource {
  /**
   * The keys that may be used now without waiting, or undefined. Called for every request, so it is synchronous;
   * starts a refresh in the background if one is due.
   *
   * @param now - by `Date.now()`
   */
  current(now: number): Keys | undefined;
  /** The keys, after a wait if necessary. Never rejects. */
  usable(): Promise<Keys | Refusal>;
  /**
   * Returns the key with that id. If it is not held, waits for a refresh that begins after this call; the key is unknown
   * if that refresh does not bring it. A key id that a refresh lacked less than a second ago is refused without a wait.
   * Never rejects.
   *
   * @param onUnknown - called if the key is not held, before the wait
   */
  find(kid: string, onUnknown?: () => void): Promise<VerificationKey | Refusal>;
  /** Whether there are trusted keys, and none with that id. Without side effects. */
  lacks(kid: string): boolean;
  /** The refusal if this exact key is no longer trusted. Without side effects. */
  checkKey(key: VerificationKey): Refusal | undefined;
  /** Without side effects. */
  health(): KeyHealth;
}

/** One issuer's part of `health()`. Times are in seconds since the epoch. */
export interface KeyHealth {
  /** The `iss` of its tokens. */
  readonly issuer: string;
  /** The ids of the keys that are currently trusted. */
  readonly keyIds: readonly string[];
  /** Keys in the key set that cannot check signatures, with the reason for each; absent if there are none. */
  readonly ignoredKeys?: readonly IgnoredKey[];
  /** When the fetch of these keys began. */
  readonly fetchedAt?: number;
  /** Whether they are older than `jwksCache.maxAge`. */
  readonly stale: boolean;
  /** The error of the last refresh, if it failed. */
  readonly lastError?: string;
  /** The time before which no refresh is attempted again, except for unknown key ids. */
  readonly nextAttemptAt?: number;
}

/** The refusal of a token whose key the issuer does not have. */
export function unknownKey(kid: string, issuer: string, keys: Keys): Refusal {
  const known = [...keys.keys()].slice(0, 10).map(quote).join(', ');
  return new Refusal('unknown_key', `The token's kid is ${quote(kid)}; the keys of ${issuer} are ${known}.`);
}

/** The refusal of a token whose key the issuer has withdrawn. */
export function withdrawnKey(kid: string, issuer: string): Refusal {
  return new Refusal('unknown_key', `The key ${quote(kid)} of ${issuer} has just been withdrawn.`);
}
