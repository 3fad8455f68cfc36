import type { ServerResponse } from 'node:http';
import { own } from '../checks/own.js';
import { AuthError, type Kind, kindOf, type Refusal } from '../errors.js';

/** What the challenges of one route name. Every value was checked to fit a quoted string as it is. */
export interface ChallengeContext {
  readonly realm: string;
  /** The scopes that the route needs; none where any valid token will do. */
  readonly scopes: readonly string[];
  /** RFC 9728 section 5.1. */
  readonly resourceMetadata: string | undefined;
}

/** A refusal as the error that the caller, `onError` or the caller of `verify()` gets. */
export function toAuthError({ reason, hint, details }: Refusal, context: ChallengeContext): AuthError {
  const kind = kindOf(reason);
  // Where there was a token and it was no good, the scopes would not help its sender.
  const scopes = kind.code === 'unauthorized' || kind.status === 403 ? context.scopes : [];
  const headers: Record<string, string> =
    kind.status === 503
      ? { 'Retry-After': String(own(details, 'retryAfter') ?? 1) }
      : { 'WWW-Authenticate': challenge(kind, scopes, context) };
  return new AuthError(reason, { headers, scopes, hint, cause: own(details, 'cause') });
}

/** The challenge (RFC 6750 section 3). A request without a token gets no error code (section 3.1). */
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

/**
 * Sets status and headers of a refusal. An error handler of the app that answers then inherits them.
 *
 * @returns whether the response took them: it may be answered already, or be no response at all
 */
export function prepare(error: AuthError, res: ServerResponse): boolean {
  try {
    if (res.headersSent) return false;
    res.statusCode = error.status;
    for (const [name, value] of Object.entries(error.headers)) res.setHeader(name, value);
    res.setHeader('Cache-Control', 'no-store');
    return true;
  } catch {
    return false;
  }
}

/**
 * Sends the body to a response that was prepared. Hint and cause stay here.
 *
 * @returns whether it could be sent
 */
export function send(error: AuthError, res: ServerResponse): boolean {
  const body = JSON.stringify(error);
  try {
    res.setHeader('Content-Type', 'application/json; charset=utf-8');
    res.setHeader('Content-Length', Buffer.byteLength(body));
    res.end(body);
    return true;
  } catch {
    // Where somebody has wrapped `end`, it may send the answer and throw then.
    if (hasEnded(res)) return true;
    // Another body comes in its place, with another type and length.
    remove(res, ['Content-Type', 'Content-Length']);
    return false;
  }
}

/**
 * Notes status and headers as they are before a refusal is prepared.
 *
 * @returns puts them back, where nothing was sent yet
 */
export function noteState(error: AuthError, res: ServerResponse): () => void {
  const names = [...Object.keys(error.headers), 'Cache-Control'];
  try {
    const { statusCode } = res;
    const before = names.map((name) => [name, res.getHeader(name)] as const);
    return () => {
      if (res.headersSent) return;
      res.statusCode = statusCode;
      for (const [name, value] of before) {
        if (value === undefined) res.removeHeader(name);
        else res.setHeader(name, value);
      }
    };
  } catch {
    return () => {};
  }
}

function hasEnded(res: ServerResponse): boolean {
  try {
    return res.writableEnded;
  } catch {
    return false;
  }
}

function remove(res: ServerResponse, names: readonly string[]): void {
  try {
    for (const name of names) res.removeHeader(name);
  } catch {
    // They were sent already, or it has no headers.
  }
}
