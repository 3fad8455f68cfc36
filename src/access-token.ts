import { LRUCache } from 'lru-cache';
import { ORGANIZATION_AUDIENCE } from './checks/logto.js';
import { type Bare, bare } from './checks/own.js';

/**
 * A verified access token: deeply frozen plain data, safe to log, for it never holds the raw token.
 * Handlers find it as `req.auth` and, beyond any other middleware's reach, by `getAuth(req)`.
 */
export interface AccessToken {
  /** `iss`: the Logto that issued it. */
  readonly issuer: string;
  /** `sub`: whom it speaks for; for a machine the app itself. */
  readonly subject: string;
  /** `client_id`: the app that asked for it. */
  readonly clientId: string;
  /** Whether it speaks for the app itself and for no user. */
  readonly isMachine: boolean;
  /** `aud`: the API resource indicators, or the organization, that it is for. */
  readonly audience: readonly string[];
  /** `scope`: the permissions granted. */
  readonly scopes: readonly string[];
  /** The organization inside which the permissions hold. */
  readonly organizationId?: string | undefined;
  /** `iat`, in seconds since the epoch. */
  readonly issuedAt: number;
  /** `exp`, in seconds since the epoch. */
  readonly expiresAt: number;
  /** `jti`. */
  readonly jwtId?: string | undefined;
  /** Every verified claim, those of custom-claims scripts too. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** An access token as it is made here. Each member is its own, and one that is absent is undefined. */
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
 * Verified claims, as the data that handlers get.
 *
 * @param all - the same claims, as they were parsed
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

/** By this, one copy of the package knows the data of another. It proves nothing: anybody can set it. */
const MARK = Symbol.for('express-logto-m2m:AccessToken');
const THIS_COPY = Symbol();

/** Whether another copy of this package has made it. Good for a message, and for no decision. */
export function isOfAnotherCopy(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, MARK)) return false;
  return (value as { readonly [MARK]: unknown })[MARK] !== THIS_COPY;
}

/**
 * The lists that a claim's text stands for. An app's tokens say the same one after another: one copy of a list for all
 * of them spares a quarter of the memory of a cached token, and has it at hand where every request brings another token.
 */
class SharedLists {
  /** Longer texts are rare, and a thousand of them would take too much memory. */
  static readonly #LONGEST = 1_000;

  readonly #lists = new LRUCache<string, readonly string[]>(bare({ maxSize: 1_000 }));
  readonly #read: (text: string) => readonly string[];

  /** @param read - makes the list from the text that says it */
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

/** The organization whose own token this is. Its audience decides, whatever claim a script added. */
function organizationOf(audience: readonly string[]): string | undefined {
  const own = audience.find((value) => value.startsWith(ORGANIZATION_AUDIENCE));
  return own?.slice(ORGANIZATION_AUDIENCE.length);
}

/** Freezes JSON data all the way down, but for shared lists, which are frozen already; a loop, since a token may nest deeper than the stack allows. */
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
