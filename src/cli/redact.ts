import { cut } from '../checks/printable.js';

/** In characters: more of what somebody else said is not shown. */
const LONGEST = 200;
/** The beginning of a JSON object in base64url, and what follows it in a token. */
const TOKENS = /eyJ[\w.-]+/g;

/** A text without the tokens in it. */
export function withoutTokens(text: string): string {
  return text.replace(TOKENS, '[a token]');
}

/** What somebody else said, cut, and without tokens and these secrets: it may echo what it was sent. */
export function redact(text: string, ...secrets: readonly string[]): string {
  const known = secrets.filter((secret) => secret !== '');
  const rest = known.reduce((left, secret) => left.replaceAll(secret, '[a secret]'), text);
  return cut(withoutTokens(rest), LONGEST);
}
