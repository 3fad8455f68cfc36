import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Refusal } from '../refusal.js';

/** Headers with an own `authorization` property. */
type Authorized = IncomingHttpHeaders & { readonly authorization: string };

/** The scheme Bearer, and no longer scheme that starts with it (a token of RFC 9110 section 5.6.2). */
const BEARER = /^bearer(?![!#$%&'*+\-.^`|~\w])/i;

/**
 * Reads the credentials from the Authorization header (RFC 6750 section 2.1) only: RFC 9700 forbids tokens in the
 * query. `isB64Token` checks later whether they are a single token, since a cached token does not need that check.
 */
export function readBearerToken(req: IncomingMessage): string | Refusal {
  const { headers } = req;
  const header = Object.hasOwn(headers, 'authorization') ? (headers as Authorized).authorization : undefined;
  if (header === undefined) return new Refusal('no_token', 'The request has no Authorization header.');
  // Node keeps the first of two headers and hides the other, so two readers could see two different tokens.
  if (hasSeveral(req.rawHeaders)) {
    return new Refusal('malformed', 'The request has several Authorization headers.');
  }
  // The usual spelling is tested first. The scheme is case-insensitive (RFC 9110 section 11.1).
  if (header.startsWith('Bearer ') || header.slice(0, 7).toLowerCase() === 'bearer ') {
    let start = 7;
    while (header.charCodeAt(start) === SPACE) start += 1;
    return start < header.length ? header.slice(start) : noToken();
  }
  return BEARER.test(header)
    ? noToken()
    : new Refusal(
        'no_token',
        'The scheme of the Authorization header is not Bearer: send "Authorization: Bearer <token>".',
      );
}

/** The refusal of credentials that are not one token: several tokens, or invalid characters. */
export function notOneToken(): Refusal {
  return new Refusal(
    'malformed',
    'After Bearer, the Authorization header has more than one token, or a character that no token has.',
  );
}

const SPACE = 0x20;

function noToken(): Refusal {
  return new Refusal('malformed', 'The Authorization header has no token after Bearer and a space.');
}

function hasSeveral(rawHeaders: readonly string[] = []): boolean {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length === 13 && name.toLowerCase() === 'authorization') count += 1;
  }
  return count > 1;
}
