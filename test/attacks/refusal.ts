import { expect } from 'vitest';
import type { AuthError } from '../../src/index.js';
import { type RawAnswer, valuesOf } from '../support/raw-http.js';

/** Statuses that a guard answers with, by the error code of the body. */
const STATUSES: Record<string, number> = {
  unauthorized: 401,
  invalid_request: 400,
  invalid_token: 401,
  insufficient_scope: 403,
  temporarily_unavailable: 503,
};

/** RFC 6750 section 3, in the order that the README gives. Each value is a quoted string without escapes. */
const TEXT = '[\\x20\\x21\\x23-\\x5B\\x5D-\\x7E]+';
const SCOPE = '[\\x21\\x23-\\x5B\\x5D-\\x7E]+(?: [\\x21\\x23-\\x5B\\x5D-\\x7E]+)*';
const CHALLENGE = new RegExp(
  `^Bearer realm="${TEXT}"(?:, scope="(?<scope>${SCOPE})")?` +
    `(?:, error="(?<error>[a-z_]+)", error_description="(?<description>${TEXT})")?$`,
);

/** What a refusal told the caller. */
export interface Told {
  readonly code: string;
  /** The permissions that the challenge names. */
  readonly scope: string | undefined;
}

/** What every refusal by a guard must be like, whatever it was that it refuses. */
export function checkRefusal(answer: RawAnswer, sent: string, { hasBody = true } = {}): Told {
  expect(valuesOf(answer, 'cache-control')).toEqual(['no-store']);
  expect(valuesOf(answer, 'content-type')).toEqual(['application/json; charset=utf-8']);
  const challenges = valuesOf(answer, 'www-authenticate');
  if (answer.status === 503) {
    expect(challenges).toEqual([]);
    expect(valuesOf(answer, 'retry-after')).toEqual([expect.stringMatching(/^[1-9]\d*$/)]);
  } else {
    expect(challenges).toEqual([expect.stringMatching(CHALLENGE)]);
  }
  const named = CHALLENGE.exec(challenges[0] ?? '')?.groups ?? {};
  expect(echoed(answer.text, sent)).toEqual([]);
  if (!hasBody) {
    expect(answer.body).toBe('');
    return { code: named['error'] ?? 'unauthorized', scope: named['scope'] };
  }
  const body = JSON.parse(answer.body);
  expect(answer.status).toBe(STATUSES[body.error]);
  expect(body).toEqual({
    error: named['error'] ?? (answer.status === 503 ? 'temporarily_unavailable' : 'unauthorized'),
    error_description: named['description'] ?? expect.stringMatching(new RegExp(`^${TEXT}$`)),
    ...(answer.status === 403 && { scope: named['scope'] }),
  });
  return { code: body.error, scope: named['scope'] };
}

/** No message to the operator holds a token that could be used. */
export function checkHint({ hint = '' }: AuthError, sent: string): void {
  const signature = /\.([\w-]{20,})$/.exec(sent)?.[1];
  if (signature !== undefined) expect(hint).not.toContain(signature);
}

/** What of the credentials stands in the answer: twelve of their characters in a row, or a value inside the token. */
function echoed(text: string, sent: string): string[] {
  const windows = Array.from({ length: Math.max(0, sent.length - 11) }, (_, i) => sent.slice(i, i + 12));
  return [...windows, ...stringsIn(sent)].filter((one) => text.includes(one));
}

/** What answers may say by themselves: the permissions of the routes, members that a sentence names, their own type. */
const OWN_WORDS = [
  'read:products',
  'write:products',
  'delete:products',
  'read:orders',
  'read:reports',
  'client_id',
  'organization_id',
  'application/json; charset=utf-8',
];

/** Strings in header and payload, but for those words and their parts. */
function stringsIn(token: string): string[] {
  return token
    .split('.')
    .slice(0, 2)
    .flatMap(
      (part) =>
        Buffer.from(part, 'base64url')
          .toString('utf8')
          .match(/"[^"\\]{8,}"/g) ?? [],
    )
    .map((quoted) => quoted.slice(1, -1))
    .filter((value) => !OWN_WORDS.some((word) => word.includes(value)));
}
