import { channel } from 'node:diagnostics_channel';
import type { AccessToken } from './access-token.js';
import type { AuthError } from './errors.js';

/** On `express-logto-m2m:authorized`: a token was accepted. */
export interface AuthorizedMessage {
  /** What was verified. It never holds the raw token. */
  readonly token: AccessToken;
  /** Whether its signature had been checked before. */
  readonly cached: boolean;
  /** The request; absent where `verify()` was called. */
  readonly req?: unknown;
}

/** On `express-logto-m2m:denied`: a request, or a token given to `verify()`, was refused. */
export interface DeniedMessage {
  /** Why, with a `hint` for whoever runs the API. */
  readonly error: AuthError;
  /** The request; absent where `verify()` was called. */
  readonly req?: unknown;
}

/** On `express-logto-m2m:keys-refreshed`: an issuer's keys were fetched. */
export interface KeysRefreshedMessage {
  /** The `iss` of its tokens. */
  readonly issuer: string;
  /** The `kid` of each key that it has now. */
  readonly keyIds: readonly string[];
  /** How long it took, a quick retry included, in milliseconds. */
  readonly durationMs: number;
}

/** On `express-logto-m2m:keys-failed`: an issuer's keys could not be fetched. */
export interface KeysFailedMessage {
  /** The `iss` of its tokens. */
  readonly issuer: string;
  /** What went wrong, in a line that names the address. */
  readonly error: Error;
  /** Whether older keys still serve. */
  readonly servingStale: boolean;
  /** Seconds since the epoch before which no further attempt is made. */
  readonly nextAttemptAt: number;
  /** How long it took, a quick retry included, in milliseconds. */
  readonly durationMs: number;
}

const name = (what: string) => `express-logto-m2m:${what}`;

const authorized = channel(name('authorized'));
const denied = channel(name('denied'));
const keysRefreshed = channel(name('keys-refreshed'));
const keysFailed = channel(name('keys-failed'));

/** Tells the subscribers, if there are any, that a token was accepted. */
export function publishAuthorized(token: AccessToken, cached: boolean, req?: unknown): void {
  if (!authorized.hasSubscribers) return;
  authorized.publish(
    (req === undefined ? { token, cached } : { token, cached, req }) satisfies AuthorizedMessage,
  );
}

/** Tells the subscribers, if there are any, that a request was refused. */
export function publishDenied(error: AuthError, req?: unknown): void {
  if (!denied.hasSubscribers) return;
  denied.publish((req === undefined ? { error } : { error, req }) satisfies DeniedMessage);
}

/** Tells the subscribers that keys were fetched. */
export function publishKeysRefreshed(message: KeysRefreshedMessage): void {
  keysRefreshed.publish(message);
}

/** Tells the subscribers that keys could not be fetched. */
export function publishKeysFailed(message: KeysFailedMessage): void {
  keysFailed.publish(message);
}
