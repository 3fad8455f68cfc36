import { defineErrorClass } from './util/error-class.js';
import { bare, own } from './util/own.js';

/** The machine-readable reason of a refusal: one value for each check that can fail. */
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

/**
 * The `error` member of the response body: the codes of RFC 6750 section 3.1, and two additional ones where the RFC
 * defines none.
 */
export type AuthErrorCode =
  | 'unauthorized'
  | 'invalid_request'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'temporarily_unavailable';

/** The properties that all refusals with the same reason share. */
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

// The sentences are fixed, so no part of a token or of the configuration reaches the caller or breaks out of a
// header. They fit the character set of error_description (RFC 6750 section 3).
const KINDS: Readonly<Record<AuthErrorReason, Kind>> = {
  no_token: {
    status: 401,
    code: 'unauthorized',
    description: 'This API needs an access token, sent as a bearer token in the Authorization header.',
  },
  malformed: {
    status: 400,
    code: 'invalid_request',
    description: 'The Authorization header must be sent once, with the Bearer scheme and one access token.',
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
  organization: insufficient('The access token is not valid for the organization of this request.'),
  scope: insufficient('The access token lacks a permission that this request needs.'),
  keys_unavailable: unavailable('The access token cannot be checked at the moment. Try again later.'),
  overloaded: unavailable('Too many access tokens are being checked at the moment. Try again later.'),
  revocation_unavailable: unavailable(
    'The API cannot check at the moment whether the access token has been revoked. Try again later.',
  ),
};

export function kindOf(reason: AuthErrorReason): Kind {
  return KINDS[reason];
}

/** The JSON body of a refusal. */
export interface AuthErrorBody {
  /** The error code: one of RFC 6750 section 3.1, `unauthorized` or `temporarily_unavailable`. */
  error: AuthErrorCode;
  /** The fixed sentence for the reason. */
  error_description: string;
  /** In a 403 response: the permissions that the route requires, separated by spaces. */
  scope?: string;
}

/** The details of a refusal in addition to its reason. */
export interface AuthErrorDetails {
  /** Response headers: the challenge or `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The scopes that the route requires. */
  readonly scopes?: readonly string[] | undefined;
  /** For the operator of the API: the value received, the value expected, and what to do. Never sent to the caller. */
  readonly hint?: string | undefined;
  /** Why the keys are unavailable, if that is the reason. */
  readonly cause?: unknown;
}

/**
 * The error for a refused request, or for a token that `verify()` refused.
 *
 * `message` and `description` hold the fixed sentence that the caller receives. `hint` is for the operator and is
 * never sent. Express and http-errors read `status`, `statusCode`, `headers` and `expose`. `JSON.stringify(error)`
 * returns exactly the response body.
 *
 * It has no stack trace. A refusal is an expected result and not a fault in the code, and capturing the stack would
 * cost more than creating the error, for every invalid token that a client sends.
 */
export class AuthError extends Error {
  /** The response status: 400, 401, 403 or 503. */
  readonly status: number;
  /** The `error` member of the response body. */
  readonly code: AuthErrorCode;
  /** The check that failed. */
  readonly reason: AuthErrorReason;
  /** The fixed sentence for that reason; the same as `message`. */
  readonly description: string;
  /** Whether the message is for the caller: true below 500. */
  readonly expose: boolean;
  /** The permissions that the route requires, if the response names them. */
  declare readonly scopes?: readonly string[];
  #headers: Readonly<Record<string, string>>;
  readonly #hint: string | undefined;

  /** Guards and `verify()` create these errors. An app may create one for its own tests. */
  constructor(reason: AuthErrorReason, details: AuthErrorDetails = {}) {
    const { headers = {}, scopes, hint, cause } = bare(details);
    const { status, code, description } = KINDS[reason];
    const { stackTraceLimit } = Error;
    // Reflect.set does not throw if the limit is read-only, as under --frozen-intrinsics.
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

  /** The same as `status`, under the name that http-errors uses. */
  get statusCode(): number {
    return this.status;
  }

  /** http-errors sets both when an error is passed to it. */
  set statusCode(status: number) {
    Object.assign(this, { status });
  }

  /** The response headers. */
  get headers(): Readonly<Record<string, string>> {
    return this.#headers;
  }

  /** Code that rewrites the error may set other headers. */
  set headers(headers: Readonly<Record<string, string>>) {
    this.#headers = headers;
  }

  /** For the operator of the API. It contains no token and no secret, and is never sent to the caller. */
  get hint(): string | undefined {
    return this.#hint;
  }

  /** The response body. */
  toJSON(): AuthErrorBody {
    const body: AuthErrorBody = { error: this.code, error_description: this.description };
    const scopes = own(this, 'scopes');
    if (this.status === 403 && scopes !== undefined) body.scope = scopes.join(' ');
    return body;
  }
}

defineErrorClass(AuthError, 'AuthError');
