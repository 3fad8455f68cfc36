import { AuthError, type Kind, kindOf } from './errors.js';
import type { Refusal } from './refusal.js';
import { own } from './util/own.js';

/** The parameters of the challenges of one route. Every value was checked to fit a quoted-string without escapes. */
export interface ChallengeContext {
  readonly realm: string;
  /** The scopes that the route requires; empty if any valid token is accepted. */
  readonly scopes: readonly string[];
  /** RFC 9728 section 5.1. */
  readonly resourceMetadata: string | undefined;
}

/** Converts a refusal to the error that the client, `onError` or the caller of `verify()` receives. */
export function toAuthError({ reason, hint, details }: Refusal, context: ChallengeContext): AuthError {
  const kind = kindOf(reason);
  // The scopes do not help the sender of an invalid token.
  const scopes = kind.code === 'unauthorized' || kind.status === 403 ? context.scopes : [];
  const headers: Record<string, string> =
    kind.status === 503
      ? { 'Retry-After': String(own(details, 'retryAfter') ?? 1) }
      : { 'WWW-Authenticate': challenge(kind, scopes, context) };
  return new AuthError(reason, { headers, scopes, hint, cause: own(details, 'cause') });
}

/** Builds the challenge (RFC 6750 section 3). A request without a token gets no error code (section 3.1). */
function challenge(
  { code, description }: Kind,
  scopes: readonly string[],
  context: ChallengeContext,
): string {
  let text = `Bearer realm="${context.realm}"`;
  if (scopes.length > 0) text += `, scope="${scopes.join(' ')}"`;
  if (code !== 'unauthorized') text += `, error="${code}", error_description="${description}"`;
  if (context.resourceMetadata !== undefined) text += `, resource_metadata="${context.resourceMetadata}"`;
  return text;
}
