import { LRUCache } from 'lru-cache';
import { ORGANIZATION_AUDIENCE } from './util/logto.js';
import { type Bare, bare } from './util/own.js';

/**
 * A verified access token: deeply frozen plain data. It never contains the raw token, so it is safe to log. Handlers
 * read it from `req.auth`, or from `getAuth(req)`, whose result other middleware cannot change.
 */
export interface AccessToken {
  /** `iss`: the Logto instance that issued it. */
  readonly issuer: string;
  /** `sub`: the subject. In a machine-to-machine token it is the app itself. */
  readonly subject: string;
  /** `client_id`: the app that requested it. */
  readonly clientId: string;
  /** Whether the subject is the app itself and not a user. */
  readonly isMachine: boolean;
  /** `aud`: the API resource indicators, or the organization, that it is intended for. */
  readonly audience: readonly string[];
  /** `scope`: the permissions granted. */
  readonly scopes: readonly string[];
  /** The organization that the permissions are limited to. */
  readonly organizationId?: string | undefined;
  /** `iat`, in seconds since the epoch. */
  readonly issuedAt: number;
  /** `exp`, in seconds since the epoch. */
  readonly expiresAt: number;
  /** `jti`. */
  readonly jwtId?: string | undefined;
  /** Every verified claim, including the claims of custom-claims scripts. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** An access token as this module creates it. Every member is an own property; an absent value is undefined. */
export interface OwnAccessToken extends AccessToken {
  readonly organizationId: string | undefined;
  readonly jwtId: string | undefined;
}

/** Claims whose form has been checked (RFC 9068 section 2.2). */
export interface CheckedClaims {
  readonly iss: string;
  readonly sub: string;
  readonly client_id: string;
  readonly aud: string | readonly string[];
  readonly exp: number;
  readonly iat: number;
  readonly nbf?: number;
  readonly scope?: string;
  readonly jti?: string;
  readonly organization_id?: string;
  readonly [claim: string]: unknown;
}

/**
 * Converts verified claims to the data that handlers receive.
 *
 * @param all - the same claims, as parsed
 */
export function toAccessToken(
  claims: Bare<CheckedClaims>,
  all: Readonly<Record<string, unknown>>,
): OwnAccessToken {
  const audience = typeof claims.aud === 'string' ? audiences.of(claims.aud) : claims.aud;
  const token = {
    issuer: claims.iss,
    subject: claims.sub,
    clientId: claims.client_id,
    isMachine: claims.sub === claims.client_id,
    audience,
    scopes: scopeLists.of(claims.scope ?? ''),
    organizationId: organizationOf(audience) ?? claims.organization_id,
    issuedAt: claims.iat,
    expiresAt: claims.exp,
    jwtId: claims.jti,
    claims: all,
  };
  Object.defineProperty(token, MARK, bare({ value: THIS_COPY }));
  return deepFreeze(token);
}

/** Identifies tokens that another copy of the package created. It proves nothing: any code can set it. */
const MARK = Symbol.for('express-logto-m2m:AccessToken');
const THIS_COPY = Symbol();

/** Whether another copy of this package created the value. Use it in messages only, never for a decision. */
export function isOfAnotherCopy(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, MARK)) return false;
  return (value as { readonly [MARK]: unknown })[MARK] !== THIS_COPY;
}

/**
 * Lists parsed from the text of a claim, shared between tokens. The tokens of one app repeat the same text. Sharing
 * the list saves a quarter of the memory of a cached token, and the parsing when every request carries a different
 * token.
 */
class SharedLists {
  /** Longer texts are rare, and a thousand of them would take too much memory. */
  static readonly #LONGEST = 1_000;

  readonly #lists = new LRUCache<string, readonly string[]>(bare({ maxSize: 1_000 }));
  readonly #read: (text: string) => readonly string[];

  /** @param read - parses the text into a list */
  constructor(read: (text: string) => readonly string[]) {
    this.#read = read;
  }

  of(text: string): readonly string[] {
    if (text.length > SharedLists.#LONGEST) return this.#read(text);
    const known = this.#lists.get(text, Object.create(null));
    if (known !== undefined) return known;
    const list = Object.freeze(this.#read(text));
    this.#lists.set(text, list, bare({ size: 1 }));
    return list;
  }
}

const audiences = new SharedLists((aud) => [aud]);
const scopeLists = new SharedLists((scope) => scope.split(' ').filter((name) => name !== ''));

/** The organization of an organization token. The audience takes precedence over any claim that a script added. */
function organizationOf(audience: readonly string[]): string | undefined {
  const own = audience.find((value) => value.startsWith(ORGANIZATION_AUDIENCE));
  return own?.slice(ORGANIZATION_AUDIENCE.length);
}

/**
 * Freezes JSON data recursively, except shared lists, which are frozen already. It is a loop, since a token may nest
 * deeper than the stack allows.
 */
function deepFreeze<T extends object>(root: T): T {
  const open: object[] = [root];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    Object.freeze(value);
    for (const member of Object.values(value)) {
      if (typeof member === 'object' && member !== null && !Object.isFrozen(member)) open.push(member);
    }
  }
  return root;
}
