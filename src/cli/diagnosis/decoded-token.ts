import { type Bare, bare } from '../../checks/own.js';
import { overlong, parseJsonObject } from '../../verification/token-form.js';

/** A token, read and not verified. The signature is left behind. */
export interface DecodedToken {
  readonly header: Bare<Readonly<Record<string, unknown>>>;
  readonly claims: Bare<Readonly<Record<string, unknown>>>;
}

/** No JWT: what it is instead, for a person. */
export class Undecodable {
  constructor(readonly why: string) {}
}

/** No claim nests deeper; what does could not be shown, for it takes a stack to write it. */
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
    return new Undecodable(
      'It begins as a JWT does, and is not whole: some of it was left behind when it was copied.',
    );
  }
  const [header, claims] = parts.map(shallowObject);
  if (header === undefined || claims === undefined) {
    return new Undecodable(
      'It begins as a JWT does, and its parts are not JSON to be read: it was altered when it was copied.',
    );
  }
  return { header: bare(header), claims: bare(claims) };
}

function opaque(text: string): Undecodable {
  if (/^[\w-]{20,}$/.test(text)) {
    return new Undecodable(
      'It is an opaque token: Logto gives one to a user for whom the app asked without `resource`. Ask with ' +
        "`resource`, the API identifier; a machine-to-machine app's tokens are always JWTs.",
    );
  }
  return new Undecodable(
    'It is no token of Logto’s: neither three parts of base64url with dots between, nor opaque.',
  );
}

/** As the guards read it, but for what is nested too deeply. */
function shallowObject(part: string): Record<string, unknown> | undefined {
  const object = parseJsonObject(part);
  let level: object[] = object === undefined ? [] : [object];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth === DEEPEST) return undefined;
    level = level.flatMap((one) => Object.values(one)).filter(isObject);
  }
  return object;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
