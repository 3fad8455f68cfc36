import { channel } from 'node:diagnostics_channel';
import type { M2MClientError } from './m2m-client-error.js';

/** The message of `express-logto-m2m:scopes-missing`: Logto granted fewer scopes than requested. */
export interface ScopesMissingMessage {
  /** The app that requested the token. */
  readonly appId: string;
  /** The missing scopes (`missingScopes`), and the remedy in Logto (`hint`). */
  readonly error: M2MClientError;
}

/** The message of `express-logto-m2m:token-failed`: Logto issued no token. */
export interface TokenFailedMessage {
  /** The app that requested the token. */
  readonly appId: string;
  /** The reason, and the remedy (`hint`). */
  readonly error: M2MClientError;
  /** When the cached token expires, in seconds since the epoch; absent if no valid one is cached. */
  readonly servesUntil?: number;
}

const scopesMissing = channel('express-logto-m2m:scopes-missing');
const tokenFailed = channel('express-logto-m2m:token-failed');

export function publishScopesMissing(message: ScopesMissingMessage): void {
  scopesMissing.publish(message);
}

export function publishTokenFailed(message: TokenFailedMessage): void {
  tokenFailed.publish(message);
}
