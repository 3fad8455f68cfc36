import { types } from 'node:util';
import { bare, own } from './checks/own.js';
import { defineErrorClass } from './error-class.js';

/** Why a request was refused, for programs: one word for each check that can fail. */
export type AuthErrorReason =
  | 'no_token'
  | 'malformed'
  | 'not_jwt'
  | 'algorithm'
  | 'type'
  | 'issuer'
  | 'audience'
  | 'expired'
  | 'not_yet_valid'
  | 'claims'
  | 'unknown_key'
  | 'signature'
  | 'revoked'
  | 'sender_constrained'
  | 'machine'
  | 'organization'
  | 'scope'
  | 'keys_unavailable'
  | 'overloaded'
  | 'revocation_unavailable';

/** The `error` member of the answer: RFC 6750 section 3.1, and two of our own where that has none. */
export type AuthErrorCode =
  | 'unauthorized'
  | 'invalid_request'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'temporarily_unavailable';

/** What every refusal for one reason has in common. */
export interface Kind {
  readonly status: 400 | 401 | 403 | 503;
  readonly code: AuthErrorCode;
  readonly description: string;
}

const invalidToken = (description: string): Kind => ({ status: 401, code: 'invalid_token', description });
const insufficient = (description: string): Kind => ({
  status: 403,
  code: 'insufficient_scope',
  description,
});
const unavailable = (description: string): Kind => ({
  status: 503,
  code: 'temporarily_unavailable',
  description,
});

// The sentences are fixed and fit error_description's character set (RFC 6750 section 3), so nothing of a
// token or of the configuration can reach the caller, and no header can be broken out of.
const KINDS: Readonly<Record<AuthErrorReason, Kind>> = {
  no_token: {
    status: 401,
    code: 'unauthorized',
    description: 'This API needs an access token, sent as a bearer token in the Authorization header.',
  },
  malformed: {
    status: 400,
    code: 'invalid_request',
    description: 'The Authorization header must be sent once and hold the word Bearer and one access token.',
  },
  not_jwt: invalidToken('The access token is not a well-formed JWT.'),
  algorithm: invalidToken('The access token is signed with an algorithm that is not accepted here.'),
  type: invalidToken('The token is not an access token: its type must be at+jwt.'),
  issuer: invalidToken('The access token comes from an issuer that is not accepted here.'),
  audience: invalidToken('The access token was issued for another API.'),
  expired: invalidToken('The access token has expired.'),
  not_yet_valid: invalidToken('The access token is not valid yet.'),
  claims: invalidToken('A claim of the access token is missing or has the wrong form.'),
  unknown_key: invalidToken('The access token is signed with a key that is not known here.'),
  signature: invalidToken('The signature of the access token is not valid.'),
  revoked: invalidToken('The access token has been revoked.'),
  sender_constrained: invalidToken(
    'The access token is bound to a key of its owner and cannot be used as a bearer token.',
  ),
  machine: insufficient('This API serves machine-to-machine apps, not users.'),
  organization: insufficient('The access token does not hold for the organization of this request.'),
  scope: insufficient('The access token lacks a permission that this request needs.'),
  keys_unavailable: unavailable('The access token cannot be checked at the moment. Try again later.'),
  overloaded: unavailable('Too many access tokens are being checked at the moment. Try again later.'),
  revocation_unavailable: unavailable(
    'It cannot be told at the moment whether the access token has been revoked. Try again later.',
  ),
};

/** Status, code and sentence of a reason. */
export function kindOf(reason: AuthErrorReason): Kind {
  return KINDS[reason];
}

/** The JSON body of a refusal. */
export interface AuthErrorBody {
  /** What kind of refusal it is (RFC 6750 section 3.1). */
  error: AuthErrorCode;
  /** The fixed sentence for its reason. */
  error_description: string;
  /** In a 403: the permissions that the route needs, with spaces between them. */
  scope?: string;
}

/** What a refusal carries beside its reason. */
export interface AuthErrorDetails {
  /** Response headers: the challenge, `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The scopes that the route needs. */
  readonly scopes?: readonly string[] | undefined;
  /** For whoever runs the API: what came, what was expected, what to do. Never sent to the caller. */
  readonly hint?: string | undefined;
  /** Why the keys cannot be had, where that is the reason. */
  readonly cause?: unknown;
}

/**
 * A request, or a token given to `verify()`, was refused.
 *
 * `message` and `description` are the fixed sentence that the caller gets; `hint` is what the operator needs
 * and is never sent. `status`, `statusCode`, `headers` and `expose` are what Express and http-errors expect of
 * an error. `JSON.stringify(error)` is exactly the answer's body.
 *
 * It has no stack trace: a refusal is an answer and no fault in the code, and to record where it was made would
 * cost more than to make it, for every piece of junk that somebody sends.
 */
export class AuthError extends Error {
  /** The status of the answer: 400, 401, 403 or 503. */
  readonly status: number;
  /** The `error` of the answer's body. */
  readonly code: AuthErrorCode;
  /** Which check failed. */
  readonly reason: AuthErrorReason;
  /** The fixed sentence for that reason; the same as `message`. */
  readonly description: string;
  /** Whether the message is for the caller: true below 500. */
  readonly expose: boolean;
  /** The permissions that the route needs, where the caller was told them. */
  declare readonly scopes?: readonly string[];
  #headers: Readonly<Record<string, string>>;
  readonly #hint: string | undefined;

  /** Guards and `verify()` make these; an app may make one for its own tests. */
  constructor(reason: AuthErrorReason, details: AuthErrorDetails = {}) {
    const { headers = {}, scopes, hint, cause } = bare(details);
    const { status, code, description } = KINDS[reason];
    const { stackTraceLimit } = Error;
    // By Reflect, which does not throw where the limit cannot be set: under --frozen-intrinsics.
    Reflect.set(Error, 'stackTraceLimit', 0);
    try {
      super(description, cause === undefined ? undefined : bare({ cause }));
    } finally {
      Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
    }
    this.status = status;
    this.code = code;
    this.reason = reason;
    this.description = description;
    this.expose = status < 500;
    if (scopes !== undefined && scopes.length > 0) this.scopes = scopes;
    this.#headers = headers;
    this.#hint = hint;
  }

  /** The same as `status`, under the name that http-errors gives it. */
  get statusCode(): number {
    return this.status;
  }

  /** http-errors sets both when an error is given to it. */
  set statusCode(status: number) {
    Object.assign(this, { status });
  }

  /** The headers of the answer. */
  get headers(): Readonly<Record<string, string>> {
    return this.#headers;
  }

  /** Who makes the error over may give it others. */
  set headers(headers: Readonly<Record<string, string>>) {
    this.#headers = headers;
  }

  /** For whoever runs the API; holds no token and no secret, and is never sent to the caller. */
  get hint(): string | undefined {
    return this.#hint;
  }

  /** The answer's body. */
  toJSON(): AuthErrorBody {
    const body: AuthErrorBody = { error: this.code, error_description: this.description };
    const scopes = own(this, 'scopes');
    if (this.status === 403 && scopes !== undefined) body.scope = scopes.join(' ');
    return body;
  }
}

defineErrorClass(AuthError, 'AuthError');

/** What a refusal may carry on its way from the check that failed to the answer. */
export interface RefusalDetails {
  readonly cause?: unknown;
  /** Seconds after which asking again makes sense. */
  readonly retryAfter?: number;
}

/**
 * A check's "no". Plain data, cheap to make and safe to share between requests; the guard that answers turns
 * it into an `AuthError` with its own challenge.
 */
export class Refusal {
  constructor(
    readonly reason: AuthErrorReason,
    readonly hint: string | undefined = undefined,
    readonly details: RefusalDetails = {},
  ) {}
}

/**
 * Whether it is an Error, of another realm too: jest runs the package in a sandbox that has an Error of its own, and
 * what Node throws comes from outside.
 */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value) || value instanceof DOMException;
}

/**
 * What a user's function threw, as an Error. Express takes `undefined` and `'route'` for "go on", so what is
 * no Error must never reach `next` as it is.
 */
export function asError(thrown: unknown): Error {
  try {
    // Its message is looked at, for that of a Proxy may throw.
    if (isError(thrown) && typeof thrown.message === 'string') return thrown;
  } catch {
    // What cannot even be looked at is no Error either.
  }
  const error = new Error('A function given to express-logto-m2m threw something that is not an Error.', {
    cause: thrown,
  });
  return Object.assign(error, { status: 500 });
}
