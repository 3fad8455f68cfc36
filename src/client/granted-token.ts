import { isB64Token } from '../util/b64token.js';
import { bare } from '../util/own.js';

/** A token with the details of Logto's response. Times are in seconds since the epoch. */
export interface GrantedToken {
  readonly token: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly scopes: readonly string[];
}

/** Whether the value fits an Authorization header. For any other, `fetch` would throw an error that shows the value. */
export function isBearerToken(value: unknown): value is string {
  return typeof value === 'string' && isB64Token(value);
}

/** Reads a stored token, without any additional members; undefined if the value is not a token. */
export function readGrantedToken(value: unknown): GrantedToken | undefined {
  const { token, issuedAt, expiresAt, scopes } = bare(value);
  if (!isBearerToken(token) || !isTime(issuedAt) || !isTime(expiresAt)) return undefined;
  if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === 'string')) return undefined;
  return { token, issuedAt, expiresAt, scopes };
}

function isTime(value: unknown): value is number {
  return Number.isFinite(value);
}
