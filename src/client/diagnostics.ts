import { channel } from 'node:diagnostics_channel';
import type { M2MClientError } from './m2m-client-error.js';

/** On `express-logto-m2m:scopes-missing`: Logto granted less than was asked for. */
export interface ScopesMissingMessage {
  /** The app that asked. */
  readonly appId: string;
  /** Which scopes are missing (`missingScopes`), and what to do in Logto (`hint`). */
  readonly error: M2MClientError;
}

/** On `express-logto-m2m:token-failed`: Logto gave no token. */
export interface TokenFailedMessage {
  /** The app that asked. */
  readonly appId: string;
  /** Why, and what to do (`hint`). */
  readonly error: M2MClientError;
  /** Until when the token that is held still serves, in seconds since the epoch; absent where none does. */
  readonly servesUntil?: number;
}

const scopesMissing = channel('express-logto-m2m:scopes-missing');
const tokenFailed = channel('express-logto-m2m:token-failed');

/** Tells the subscribers that a token has fewer scopes than were asked for. */
export function publishScopesMissing(message: ScopesMissingMessage): void {
  scopesMissing.publish(message);
}

/** Tells the subscribers that no token could be had. */
export function publishTokenFailed(message: TokenFailedMessage): void {
  tokenFailed.publish(message);
}
