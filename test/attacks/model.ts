import { AUDIENCE, now } from '../support/logto.js';
import type { SigningKey } from '../support/signing.js';

/** 9999-12-31T23:59:59Z. */
const LATEST = 253_402_300_799;
/** Seconds that clocks may differ by. */
const TOLERANCE = 5;

/** A token before it is encoded, and whose key signs it. */
export interface Draft {
  readonly header: string;
  readonly payload: string;
  readonly signer: SigningKey;
}

/**
 * Whether `GET /products` may let this token in, told from the documents alone and with no code of `src`: what the
 * middleware says must be the same.
 */
export function mayEnter(
  { header, payload, signer }: Draft,
  { issuer, keys }: { readonly issuer: string; readonly keys: readonly SigningKey[] },
): boolean {
  const head = parse(header);
  const claims = parse(payload);
  if (head === undefined || claims === undefined) return false;
  return (
    keys.some((key) => key === signer && key.kid === head['kid']) &&
    head['alg'] === signer.alg &&
    isAccessToken(head['typ']) &&
    !Object.hasOwn(head, 'crit') &&
    claims['iss'] === issuer &&
    isMachine(claims) &&
    isForUs(claims['aud']) &&
    isTimely(claims) &&
    !Object.hasOwn(claims, 'cnf') &&
    !Object.hasOwn(claims, 'organization_id') &&
    (!Object.hasOwn(claims, 'jti') || typeof claims['jti'] === 'string') &&
    typeof claims['scope'] === 'string' &&
    claims['scope'].split(' ').includes('read:products')
  );
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    let polluted = false;
    // As it is after its way through UTF-8, in which half a surrogate pair is lost.
    const value = JSON.parse(Buffer.from(text).toString(), (name, member) => {
      if (name === '__proto__') polluted = true;
      return member;
    });
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject && !polluted ? value : undefined;
  } catch {
    return undefined;
  }
}

function isAccessToken(typ: unknown): boolean {
  return typeof typ === 'string' && ['at+jwt', 'application/at+jwt'].includes(typ.toLowerCase());
}

function isMachine({ sub, client_id }: Record<string, unknown>): boolean {
  return typeof sub === 'string' && sub !== '' && sub === client_id;
}

function isForUs(aud: unknown): boolean {
  if (!Array.isArray(aud)) return aud === AUDIENCE;
  return (
    aud.includes(AUDIENCE) && aud.every((one) => typeof one === 'string' && !one.startsWith('urn:logto:'))
  );
}

function isTimely(claims: Record<string, unknown>): boolean {
  const { exp, iat, nbf = 0 } = claims;
  if (![exp, iat, nbf].every((time) => typeof time === 'number' && time >= 0 && time <= LATEST)) return false;
  return Number(exp) + TOLERANCE > now() && Number(nbf) - TOLERANCE <= now();
}
