import { channel } from 'node:diagnostics_channel';
import type { AccessToken } from './access-token.js';
import type { AuthError } from './errors.js';

/** The message of `express-logto-m2m:authorized`: a token was accepted. */
export interface AuthorizedMessage {
  /** The verified token. It never contains the raw token. */
  readonly token: AccessToken;
  /** Whether its signature had been checked before. */
  readonly cached: boolean;
  /** The request; absent for `verify()`. */
  readonly req?: unknown;
}

/** The message of `express-logto-m2m:denied`: a request, or a token passed to `verify()`, was refused. */
export interface DeniedMessage {
  /** The reason, with a `hint` for the operator of the API. */
  readonly error: AuthError;
  /** The request; absent for `verify()`. */
  readonly req?: unknown;
}

/** The message of `express-logto-m2m:keys-refreshed`: an issuer's keys were fetched. */
export interface KeysRefreshedMessage {
  /** The `iss` of its tokens. */
  readonly issuer: string;
  /** The `kid` of each key that the issuer has now. */
  readonly keyIds: readonly string[];
  /** The duration in milliseconds, including a quick retry. */
  readonly durationMs: number;
}

/** The message of `express-logto-m2m:keys-failed`: an issuer's keys could not be fetched. */
export interface KeysFailedMessage {
  /** The `iss` of its tokens. */
  readonly issuer: string;
  /** The failure, in one line that names the address. */
  readonly error: Error;
  /** Whether older keys are still used. */
  readonly servingStale: boolean;
  /** Seconds since the epoch before which no further attempt is made, except for unknown key ids. */
  readonly nextAttemptAt: number;
  /** The duration in milliseconds, including a quick retry. */
  readonly durationMs: number;
}

const name = (what: string) => `express-logto-m2m:${what}`;

const authorized = channel(name('authorized'));
const denied = channel(name('denied'));
const keysRefreshed = channel(name('keys-refreshed'));
const keysFailed = channel(name('keys-failed'));

/** Publishes that a token was accepted, if there are subscribers. */
export function publishAuthorized(token: AccessToken, cached: boolean, req?: unknown): void {
  if (!authorized.hasSubscribers) return;
  authorized.publish(
    (req === undefined ? { token, cached } : { token, cached, req }) satisfies AuthorizedMessage,
  );
}

/** Publishes that a request was refused, if there are subscribers. */
export function publishDenied(error: AuthError, req?: unknown): void {
  if (!denied.hasSubscribers) return;
  denied.publish((req === undefined ? { error } : { error, req }) satisfies DeniedMessage);
}

export function publishKeysRefreshed(message: KeysRefreshedMessage): void {
  keysRefreshed.publish(message);
}

export function publishKeysFailed(message: KeysFailedMessage): void {
  keysFailed.publish(message);
}
