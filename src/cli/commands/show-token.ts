import { own } from '../../checks/own.js';
import { printable } from '../../checks/printable.js';
import type { DecodedToken } from '../diagnosis/decoded-token.js';
import type { TokenKind } from '../diagnosis/token-kind.js';
import type { Output } from '../output.js';
import { fromNow } from '../words.js';

/** What Logto means by each (RFC 9068 section 2.2). */
const MEANINGS: Readonly<Record<string, string>> = {
  alg: 'how it is signed',
  typ: 'what it is',
  kid: 'which of the keys signed it',
  iss: 'the Logto that issued it',
  aud: 'whom it is for',
  sub: 'whom it speaks for',
  client_id: 'the app that asked for it',
  scope: 'its permissions',
  organization_id: 'the organization inside which they hold',
  jti: 'its own id, to revoke it by',
};
const TIMES: Readonly<Record<string, (when: string) => string>> = {
  iat: (when) => `issued ${when}`,
  nbf: (when) => (when.startsWith('in ') ? `valid only ${when}` : `valid since ${when}`),
  exp: (when) => (when.startsWith('in ') ? `expires ${when}` : `expired ${when}`),
};
/** In characters: more of a value, or of a name, is not shown. */
const LONGEST = 600;
/** Key ids and token ids are that long. */
const VALUE_WIDTH = 43;

/** A token laid out for a person: all but its signature. */
export function showToken({ header, claims }: DecodedToken, { sentence }: TokenKind, output: Output): void {
  output.result(output.paint('bold', shown(sentence)));
  for (const [title, members] of Object.entries({ header, claims })) {
    output.result(`\n${title}`);
    const width = Math.max(...Object.keys(members).map((name) => printable(name).length));
    for (const [name, value] of Object.entries(members)) {
      const meaning = meaningOf(name, value);
      const line = `  ${printable(name).padEnd(width)}  ${shown(value).padEnd(VALUE_WIDTH)}`;
      output.result(meaning === undefined ? line.trimEnd() : `${line}  ${output.paint('dim', meaning)}`);
    }
  }
  if (!Object.hasOwn(claims, 'scope')) output.result('  There is no scope claim: it has no permissions.');
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
  return printable(text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);
}
