import { type Bare, bare, isObject } from '../../util/own.js';
import { overlong, parseJsonObject } from '../../verification/token-form.js';

/** A decoded token, not verified and without its signature. */
export interface DecodedToken {
  readonly header: Bare<Readonly<Record<string, unknown>>>;
  readonly claims: Bare<Readonly<Record<string, unknown>>>;
}

/** The text is not a JWT. `why` says what it is instead. */
export class Undecodable {
  constructor(readonly why: string) {}
}

/** The maximum depth of claims. Real claims are less deep, and the output of deeper ones could overflow the stack. */
const DEEPEST = 100;

/** Reads header and claims (RFC 7519 section 3). */
export function decodeToken(text: string): DecodedToken | Undecodable {
  const tooLong = overlong(text)?.hint;
  if (tooLong !== undefined) return new Undecodable(tooLong);
  const parts = text.split('.');
  if (!text.startsWith('eyJ') || !/^[\w.-]+$/.test(text)) return opaque(text);
  if (parts.length === 5) {
    return new Undecodable(
      'It has five parts: it is encrypted (a JWE), and Logto issues no such access tokens.',
    );
  }
  if (parts.length !== 3 || parts.includes('')) {
    return new Undecodable('It begins like a JWT but is incomplete: a part of it was not copied.');
  }
  const [header, claims] = parts.map(shallowObject);
  if (header === undefined || claims === undefined) {
    return new Undecodable(
      'It begins like a JWT, but its parts are not valid JSON: it was altered when it was copied.',
    );
  }
  return { header: bare(header), claims: bare(claims) };
}

function opaque(text: string): Undecodable {
  if (/^[\w-]{20,}$/.test(text)) {
    return new Undecodable(
      'It is an opaque token: Logto issues one for a user if the app sends no `resource`. Request a token with ' +
        "`resource`, the API identifier; a machine-to-machine app's tokens are always JWTs.",
    );
  }
  return new Undecodable(
    'It is not a token of Logto: neither three base64url parts separated by dots, nor opaque.',
  );
}

/** Parses a part as the guards do. Returns undefined also if the object is nested too deeply. */
function shallowObject(part: string): Record<string, unknown> | undefined {
  const object = parseJsonObject(part);
  let level: object[] = object === undefined ? [] : [object];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth === DEEPEST) return undefined;
    level = level.flatMap((one) => Object.values(one)).filter(isObject);
  }
  return object;
}
