import { isKeyId } from '../keys/verification-key.js';
import { Refusal } from '../refusal.js';
import { type Bare, bare, own } from '../util/own.js';
import { quote } from '../util/printable.js';
import { type CompactJws, splitCompactJws } from './compact-jws.js';

/** Node's limit for all HTTP headers together is the same 16 KiB. */
const MAX_LENGTH = 16 * 1024;

// A byte order mark is not part of JSON (RFC 8259 section 8.1), so it is kept for the parser to refuse.
const utf8 = new TextDecoder('utf-8', bare({ fatal: true, ignoreBOM: true }));

/** A well-formed token. No part of it is verified. */
export interface ParsedToken {
  readonly alg: string;
  readonly kid: string;
  readonly payload: Bare<Readonly<Record<string, unknown>>>;
  /** The payload as parsed. Handlers receive it after the verification. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly jws: CompactJws;
}

/** Refuses a text that is too long for a token, before any other work. */
export function overlong(text: string): Refusal | undefined {
  return text.length > MAX_LENGTH ? notJwt(`The token is longer than ${MAX_LENGTH / 1024} KiB.`) : undefined;
}

/**
 * The first step of the verification, without any cryptography. It checks whether Logto could have signed this access
 * token (RFC 9068 section 4, RFC 8725 section 3.1).
 */
export function parseToken(text: string, algorithms: readonly string[]): ParsedToken | Refusal {
  const jws = splitCompactJws(text);
  if (jws === undefined)
    return notJwt(
      'The token does not consist of three base64url parts separated by dots. For verify(), pass it without "Bearer".',
    );
  const header = parseJsonObject(jws.header);
  if (header === undefined) return notJwt("The token's header is not a JSON object.");
  const claims = parseJsonObject(jws.payload);
  if (claims === undefined) return notJwt("The token's payload is not a JSON object.");

  const [alg, typ, kid] = [own(header, 'alg'), own(header, 'typ'), own(header, 'kid')];
  if (typeof alg !== 'string' || !algorithms.includes(alg)) {
    return new Refusal('algorithm', `The token's alg is ${quote(alg)}; accepted: ${algorithms.join(', ')}.`);
  }
  if (!isAccessTokenType(typ)) {
    return new Refusal('type', `The token's typ is ${quote(typ)}; it must be "at+jwt". Is it an ID token?`);
  }
  // No extension is supported, including b64, so none may be critical (RFC 7515 section 4.1.11).
  if (Object.hasOwn(header, 'crit')) return notJwt("The token's header has `crit`, which is not supported.");
  if (!isKeyId(kid)) {
    return new Refusal(
      'unknown_key',
      `The token's kid is ${quote(kid)}; it must be a string of 1 to 256 characters.`,
    );
  }
  return { alg, kid, payload: bare(claims), claims, jws };
}

/** Whether the `typ` of a token is that of an access token (RFC 9068 section 2.1). */
export function isAccessTokenType(typ: unknown): boolean {
  return typeof typ === 'string' && /^(application\/)?at\+jwt$/i.test(typ);
}

function notJwt(hint: string): Refusal {
  return new Refusal('not_jwt', hint);
}

/** Decodes the JSON object in a part of a token. Returns undefined if it is not an object, or not a safe one. */
export function parseJsonObject(part: string): Record<string, unknown> | undefined {
  try {
    const text = utf8.decode(Buffer.from(part, 'base64url'));
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    // Search only if the text can contain the name, literally or escaped.
    if (/__proto__|\\u/.test(text) && hasProtoMember(value)) return undefined;
    return value as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** Whether `__proto__` is a member at any depth: code that copies the claims would set a prototype with it. */
function hasProtoMember(root: object): boolean {
  const open: object[] = [root];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (Object.hasOwn(value, '__proto__')) return true;
    for (const member of Object.values(value)) {
      if (typeof member === 'object' && member !== null) open.push(member);
    }
  }
  return false;
}
