import type { AuthErrorCode, AuthErrorReason } from '../../src/index.js';
import type { Lab } from './lab.js';

/**
 * One attack, or one honest edge case. Without more it is an honest token, sent as it should be to `GET /products`;
 * what a case gives is what it does otherwise.
 */
export interface Attack {
  /** Reads as what is sent. */
  readonly name: string;
  /** The section, the CVE or the kind of attack that it comes from. */
  readonly reference: string;
  readonly expected: Expected;
  readonly token?: (lab: Lab) => string;
  /** Method and target, by default `GET /products`. */
  readonly at?: string | ((token: string) => string);
  /** The lines that carry the token, by default its `Authorization` header. */
  readonly headers?: (token: string, lab: Lab) => readonly string[];
  readonly body?: (token: string, lab: Lab) => string;
  /** Which of the lab's servers it is sent to, by default `shop`. */
  readonly server?: ServerName;
}

/**
 * - `shop`: the example's API
 * - `replica`: another process of it, with keys and cache of its own
 * - `disguise`: the example's API behind a middleware that has set `req.auth` to what a token of an admin would be
 */
export type ServerName = 'shop' | 'replica' | 'disguise';

/** What the case must get, and from whom. Only `handler` means that the door was opened. */
export type Expected =
  | { readonly by: 'handler'; readonly status: 200 }
  | {
      readonly by: 'guard';
      readonly status: 400 | 401 | 403;
      readonly error: AuthErrorCode;
      readonly reason: AuthErrorReason;
    }
  | { readonly by: 'node' | 'express'; readonly status: number };

/** An honest edge case: the handler runs. */
export const accepted: Expected = { by: 'handler', status: 200 };

/** No token was found where tokens are looked for. */
export const unauthorized: Expected = {
  by: 'guard',
  status: 401,
  error: 'unauthorized',
  reason: 'no_token',
};

/** What was found is not one bearer token. */
export const malformed: Expected = {
  by: 'guard',
  status: 400,
  error: 'invalid_request',
  reason: 'malformed',
};

export const invalidToken = (reason: AuthErrorReason): Expected => ({
  by: 'guard',
  status: 401,
  error: 'invalid_token',
  reason,
});

export const forbidden = (reason: 'machine' | 'organization' | 'scope'): Expected => ({
  by: 'guard',
  status: 403,
  error: 'insufficient_scope',
  reason,
});

/** Node's own parser refuses it before any middleware. */
export const byNode = (status: number): Expected => ({ by: 'node', status });

/** Express or the example answers, and no handler behind a guard. */
export const byExpress = (status: number): Expected => ({ by: 'express', status });

/** What a case that differs in these members alone is made of, by its name. */
export type Variants<T> = readonly (readonly [name: string, value: T, expected: Expected])[];

/** Cases that have a reference in common and differ in one value. */
export function variants<T>(
  reference: string,
  make: (value: T) => Omit<Attack, 'name' | 'reference' | 'expected'>,
  list: Variants<NoInfer<T>>,
): Attack[] {
  return list.map(([name, value, expected]) => ({ name, reference, expected, ...make(value) }));
}

/** Members, or what makes them at the moment when the token is signed. */
export type Members = Record<string, unknown> | ((lab: Lab) => Record<string, unknown>);

/** Logto's token, but for these claims. */
export const withClaims = (members: Members): Pick<Attack, 'token'> => ({
  token: (lab) => lab.logto.token({ claims: membersOf(members, lab) }),
});

/** Logto's token, but for these members of its header. Its signature holds. */
export const withHeader = (members: Members): Pick<Attack, 'token'> => ({
  token: (lab) => lab.logto.token({ header: membersOf(members, lab) }),
});

function membersOf(members: Members, lab: Lab): Record<string, unknown> {
  return typeof members === 'function' ? members(lab) : members;
}

/** An honest token, sent by these lines. */
export const sentAs = (headers: NonNullable<Attack['headers']>): Pick<Attack, 'headers'> => ({ headers });
