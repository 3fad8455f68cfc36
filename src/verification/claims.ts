import type { CheckedClaims } from '../access-token.js';
import { Refusal } from '../refusal.js';
import { ORGANIZATION_AUDIENCE } from '../util/logto.js';
import type { Bare } from '../util/own.js';
import { quote } from '../util/printable.js';

/** The audience that a token must have: one of these resource indicators, or any organization. */
export type ExpectedAudience = readonly string[] | typeof ORGANIZATION_TOKEN;

/** Expects an organization token, of any organization. */
export const ORGANIZATION_TOKEN = Symbol('an organization token');

/** 9999-12-31T23:59:59Z. A later time is in milliseconds, or a mistake. */
const LATEST = 253_402_300_799;

/** The time settings of an instance, in seconds. */
export interface Timing {
  readonly clockTolerance: number;
  /** Undefined for no limit. */
  readonly maxTokenAge: number | undefined;
}

/**
 * Checks `exp`, `nbf` and `iat` (RFC 7519 sections 4.1.4 to 4.1.6), for new and for cached tokens. Values that are
 * not numbers are left to `checkClaims`.
 *
 * @param milliseconds - the current time, by `Date.now()`
 */
export function checkTime(
  exp: unknown,
  nbf: unknown,
  iat: unknown,
  { clockTolerance, maxTokenAge }: Timing,
  milliseconds: number,
): Refusal | undefined {
  const now = Math.floor(milliseconds / 1000);
  if (typeof exp === 'number' && exp + clockTolerance <= now) {
    return new Refusal(
      'expired',
      `The token's exp is ${exp}, and the local time is ${now} (clockTolerance ${clockTolerance}).`,
    );
  }
  if (typeof nbf === 'number' && nbf - clockTolerance > now) return notYet('nbf', nbf, clockTolerance, now);
  if (maxTokenAge === undefined || typeof iat !== 'number') return undefined;
  if (iat - clockTolerance > now) return notYet('iat', iat, clockTolerance, now);
  if (iat + maxTokenAge + clockTolerance >= now) return undefined;
  return new Refusal(
    'expired',
    `The token's iat is ${iat}, and the local time is ${now} (maxTokenAge ${maxTokenAge}, clockTolerance ${clockTolerance}).`,
  );
}

function notYet(claim: string, time: number, clockTolerance: number, now: number): Refusal {
  return new Refusal(
    'not_yet_valid',
    `The token's ${claim} is ${time}, and the local time is ${now} (clockTolerance ${clockTolerance}): compare the clocks.`,
  );
}

/** Checks whether a token is intended for the API of this route (RFC 9068 section 4, RFC 8707). */
export function wrongAudience(aud: unknown, expected: ExpectedAudience): Refusal | undefined {
  const audience = typeof aud === 'string' ? [aud] : aud;
  if (!Array.isArray(audience)) return undefined;
  if (expected === ORGANIZATION_TOKEN) {
    if (audience.some(isOrganization)) return undefined;
    const hint = `The token's aud is ${quote(aud)}; it must be that of an organization token: request one with organization_id and without resource.`;
    return new Refusal('audience', hint);
  }
  for (const value of audience) if (expected.includes(value)) return undefined;
  const hint = `The token's aud is ${quote(aud)}; it must be exactly ${expected.map(quote).join(' or ')}.`;
  return new Refusal('audience', hint);
}

/**
 * Checks the claims of a token whose signature is valid (RFC 9068 section 2.2). Logto itself never issues the refused
 * forms; a custom-claims script can.
 */
export function checkClaims(claims: Bare<Readonly<Record<string, unknown>>>): Bare<CheckedClaims> | Refusal {
  for (const name of ['iss', 'sub', 'client_id']) {
    if (!isNonEmptyString(claims[name])) return badClaim(claims, name, 'a non-empty string');
  }
  if (!isAudience(claims['aud'])) {
    return badClaim(
      claims,
      'aud',
      'a string or a list of strings, with no "urn:logto:" value beside another',
    );
  }
  for (const name of ['exp', 'iat', 'nbf']) {
    if (name === 'nbf' && !Object.hasOwn(claims, name)) continue;
    if (!isTime(claims[name])) return badClaim(claims, name, 'a number of seconds since 1970');
  }
  for (const name of ['scope', 'jti']) {
    if (Object.hasOwn(claims, name) && typeof claims[name] !== 'string') {
      return badClaim(claims, name, 'a string, or absent');
    }
  }
  // A custom-claims script can set any value. If null counted as absent, the token would pass as one without it.
  if (Object.hasOwn(claims, 'organization_id') && !isNonEmptyString(claims['organization_id'])) {
    return badClaim(claims, 'organization_id', 'a non-empty string, or absent');
  }
  if (Object.hasOwn(claims, 'cnf')) {
    const hint =
      'The token has a cnf claim (RFC 7800): it requires proof of a key, for example by DPoP or mTLS.';
    return new Refusal('sender_constrained', hint);
  }
  return claims as unknown as Bare<CheckedClaims>;
}

function badClaim(claims: Bare<Readonly<Record<string, unknown>>>, name: string, needed: string): Refusal {
  const received = Object.hasOwn(claims, name) ? quote(claims[name]) : 'missing';
  return new Refusal('claims', `The token's ${name} is ${received}; it must be ${needed}.`);
}

function isNonEmptyString(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= LATEST;
}

function isAudience(aud: unknown): boolean {
  if (!Array.isArray(aud)) return typeof aud === 'string' && aud !== ORGANIZATION_AUDIENCE;
  const values: readonly unknown[] = aud;
  if (!values.every((value) => typeof value === 'string' && value !== ORGANIZATION_AUDIENCE)) return false;
  return values.length === 1 || !values.some((value) => String(value).startsWith('urn:logto:'));
}

function isOrganization(value: unknown): boolean {
  return typeof value === 'string' && value.startsWith(ORGANIZATION_AUDIENCE);
}
