import { withoutTrailing } from '../../util/addresses.js';
import { bare } from '../../util/own.js';
import { Undecodable } from './decoded-token.js';

/** The token in pasted text. */
export interface Pasted {
  readonly token: string;
  /** The other tokens in the text, which are ignored. */
  readonly ignored: string | undefined;
}

/** Matches invisible characters that are copied with a text. */
const INVISIBLE = /[\u00ad\u200b-\u200f\u2060\ufeff]/g;
/** Matches a line break inside a token: only the rest of the token follows on the line, not another token. */
const WRAP = /(?<=[\w.-])[ \t]*\r?\n[ \t]*(?!eyJ[\w-]+\.[\w-]+\.[\w-])(?=[\w.-]+[ \t]*(?:["',;}]|\r?\n|$))/g;
/** Matches the characters of a token. */
const RUNS = /[\w.-]+/g;
const NAMED = /access_token["']?\s*[:=]\s*["']?(eyJ[\w-]+(?:\.[\w-]*)+)/;

/** Returns the token in a header, Logto's response, a command line or a line of settings; otherwise the text itself. */
export function tokenIn(text: string): Pasted | Undecodable {
  const clean = text.replace(INVISIBLE, '').trim();
  const response = tokenResponseIn(clean);
  if (response !== undefined) return response;
  const joined = clean.replace(WRAP, '');
  const runs = joined.match(RUNS) ?? [];
  const found = new Set(runs.map(jwtIn).filter((jwt) => jwt !== undefined));
  const [token] = found;
  if (token === undefined) return { token: unadorned(clean), ignored: undefined };
  if (found.size === 1) return { token, ignored: undefined };
  const named = NAMED.exec(joined)?.[1];
  if (named === undefined) return new Undecodable('The input contains several tokens: pass one of them.');
  return { token: jwtIn(named) ?? named, ignored: 'other tokens' };
}

/** Reads the response of a token endpoint (RFC 6749 section 5.1, OpenID Connect Core section 3.1.3.3). */
function tokenResponseIn(text: string): Pasted | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const { access_token: token, id_token: idToken } = bare(JSON.parse(text) as unknown);
    if (typeof token === 'string')
      return { token, ignored: idToken === undefined ? undefined : 'an id_token' };
    return typeof idToken === 'string' ? { token: idToken, ignored: undefined } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Returns the JWT, or the part of one: base64url of `{"`, and dots. A regular expression would search for the dot again
 * from each `eyJ`, and take quadratic time.
 */
function jwtIn(run: string): string | undefined {
  let start = run.indexOf('eyJ');
  while (start !== -1) {
    const dot = run.indexOf('.', start);
    if (dot === -1) return undefined;
    if (dot > start + 3) return withoutFullStop(run.slice(start));
    start = run.indexOf('eyJ', dot);
  }
  return undefined;
}

/** Removes the full stop of a sentence. A token has only two dots. */
function withoutFullStop(token: string): string {
  return token.split('.').length > 3 ? withoutTrailing(token, '.') : token;
}

/** Removes the scheme and the quotation marks that are often copied with a token. */
function unadorned(text: string): string {
  return text.replace(/^(authorization:\s*)?bearer\s+/i, '').replace(/^(["'])(.*)\1$/s, '$2');
}
