import { cut } from '../util/printable.js';

/** The maximum length of text from outside, in characters. */
const LONGEST = 200;
/** Matches the beginning of a JSON object in base64url, and the rest of the token. */
const TOKENS = /eyJ[\w.-]+/g;

/** Removes tokens from a text. */
export function withoutTokens(text: string): string {
  return text.replace(TOKENS, '[a token]');
}

/** Shortens text from outside, and removes tokens and these secrets: a server may echo the request. */
export function redact(text: string, ...secrets: readonly string[]): string {
  const known = secrets.filter((secret) => secret !== '');
  const rest = known.reduce((left, secret) => left.replaceAll(secret, '[a secret]'), text);
  return cut(withoutTokens(rest), LONGEST);
}
