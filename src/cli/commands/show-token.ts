import { own } from '../../util/own.js';
import { cut } from '../../util/printable.js';
import type { DecodedToken } from '../diagnosis/decoded-token.js';
import type { TokenKind } from '../diagnosis/token-kind.js';
import type { Output } from '../output.js';
import { fromNow } from '../words.js';

/** The meaning of each member in Logto's tokens (RFC 9068 section 2.2). */
const MEANINGS: Readonly<Record<string, string>> = {
  alg: 'signature algorithm',
  typ: 'token type',
  kid: 'id of the signing key',
  iss: 'issuer: the Logto that issued the token',
  aud: 'audience: who may accept the token',
  sub: 'subject: the app or user that the token represents',
  client_id: 'the app that requested the token',
  scope: 'granted permissions',
  organization_id: 'the organization in which the permissions apply',
  jti: 'token id, for revocation',
};
const TIMES: Readonly<Record<string, (when: string) => string>> = {
  iat: (when) => `issued ${when}`,
  nbf: (when) => (when.startsWith('in ') ? `becomes valid ${when}` : `valid since ${when}`),
  exp: (when) => (when.startsWith('in ') ? `expires ${when}` : `expired ${when}`),
};
/** In characters. Longer values are cut. */
const LONGEST = 600;
/** The length of key ids and token ids. */
const VALUE_WIDTH = 43;

/** Prints a token for a person, without its signature. */
export function showToken({ header, claims }: DecodedToken, { sentence }: TokenKind, output: Output): void {
  output.result([{ format: 'bold', text: shown(sentence) }]);
  for (const [title, members] of Object.entries({ header, claims })) {
    output.result('');
    output.result(title);
    const width = Math.max(...Object.keys(members).map((name) => name.length));
    for (const [name, value] of Object.entries(members)) {
      const meaning = meaningOf(name, value);
      const line = `  ${name.padEnd(width)}  ${shown(value).padEnd(VALUE_WIDTH)}`;
      output.result(meaning === undefined ? line.trimEnd() : [`${line}  `, { format: 'dim', text: meaning }]);
    }
  }
  if (!Object.hasOwn(claims, 'scope'))
    output.result('  There is no scope claim: the token has no permissions.');
}

function meaningOf(name: string, value: unknown): string | undefined {
  const ofTime = own(TIMES, name);
  if (ofTime !== undefined && typeof value === 'number' && Math.abs(value) < 8.64e12) {
    return `${new Date(value * 1000).toISOString().replace('.000', '')}, ${ofTime(fromNow(value))}`;
  }
  return own(MEANINGS, name);
}

function shown(value: unknown): string {
  const text = typeof value === 'string' && value !== '' ? value : JSON.stringify(value);
  return cut(text, LONGEST);
}
