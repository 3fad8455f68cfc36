import { withoutTrailing } from '../../util/addresses.js';
import { bare } from '../../util/own.js';
import { Undecodable } from './decoded-token.js';

/** Finds the token in pasted text. */
export interface Pasted {
  readonly token: string;
  /** The other tokens in the text, which are ignored. */
  readonly beside: string | undefined;
}

/** Matches invisible characters that are copied with a text. */
const INVISIBLE = /[\u00ad\u200b-\u200f\u2060\ufeff]/g;
/** A line break inside a token: what follows is nothing but a part of it, and does not begin one of its own. */
const WRAP = /(?<=[\w.-])[ \t]*\r?\n[ \t]*(?!eyJ[\w-]+\.[\w-]+\.[\w-])(?=[\w.-]+[ \t]*(?:["',;}]|\r?\n|$))/g;
/** What a token is made of. */
const RUNS = /[\w.-]+/g;
const NAMED = /access_token["']?\s*[:=]\s*["']?(eyJ[\w-]+(?:\.[\w-]*)+)/;

/** The token in a header, in Logto's whole answer, in a command line or in a line of settings; or the text itself. */
export function tokenIn(text: string): Pasted | Undecodable {
  const clean = text.replace(INVISIBLE, '').trim();
  const answer = answerIn(clean);
  if (answer !== undefined) return answer;
  const joined = clean.replace(WRAP, '');
  const runs = joined.match(RUNS) ?? [];
  const found = new Set(runs.map(jwtIn).filter((jwt) => jwt !== undefined));
  const [token] = found;
  if (token === undefined) return { token: unadorned(clean), beside: undefined };
  if (found.size === 1) return { token, beside: undefined };
  const named = NAMED.exec(joined)?.[1];
  if (named === undefined) return new Undecodable('The input contains several tokens: pass one of them.');
  return { token: jwtIn(named) ?? named, beside: 'other tokens' };
}

/** A token endpoint's answer (RFC 6749 section 5.1, OpenID Connect Core section 3.1.3.3). */
function answerIn(text: string): Pasted | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const { access_token: token, id_token: idToken } = bare(JSON.parse(text) as unknown);
    if (typeof token === 'string')
      return { token, beside: idToken === undefined ? undefined : 'an id_token' };
    return typeof idToken === 'string' ? { token: idToken, beside: undefined } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A JWT, or what is left of one: base64url of `{"`, and dots. A regular expression would search for the dot again from
 * each `eyJ`, and take quadratic time.
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

/** One that ends a sentence; two dots are all that a token has. */
function withoutFullStop(token: string): string {
  return token.split('.').length > 3 ? withoutTrailing(token, '.') : token;
}

/** What is no JWT, without what is often copied with it. */
function unadorned(text: string): string {
  return text.replace(/^(authorization:\s*)?bearer\s+/i, '').replace(/^(["'])(.*)\1$/s, '$2');
}
