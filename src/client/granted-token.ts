import { isB64Token } from '../checks/b64token.js';
import { bare } from '../checks/own.js';

/** A token, and what Logto said of it. Times are in seconds since the epoch. */
export interface GrantedToken {
  readonly token: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly scopes: readonly string[];
}

/** Whether this can stand in an Authorization header: what cannot would end in an error of `fetch` that shows it. */
export function isBearerToken(value: unknown): value is string {
  return typeof value === 'string' && isB64Token(value);
}

/** Takes over what was kept elsewhere, if it is such a token at all, and nothing else with it. */
export function readGrantedToken(value: unknown): GrantedToken | undefined {
  const { token, issuedAt, expiresAt, scopes } = bare(value);
  if (!isBearerToken(token) || !isTime(issuedAt) || !isTime(expiresAt)) return undefined;
  if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === 'string')) return undefined;
  return { token, issuedAt, expiresAt, scopes };
}

function isTime(value: unknown): value is number {
  return Number.isFinite(value);
}
