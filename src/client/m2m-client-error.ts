import { defineErrorClass } from '../util/error-class.js';
import { bare } from '../util/own.js';

/** The details of an `M2MClientError`. */
export interface M2MClientErrorDetails {
  /** The HTTP status of Logto's response; absent if there was none. */
  readonly status?: number | undefined;
  /** Logto's `error_description`. */
  readonly description?: string | undefined;
  /** The remedy. */
  readonly hint?: string | undefined;
  /** The scopes that were requested and not granted. */
  readonly missingScopes?: readonly string[] | undefined;
}

/**
 * No token could be obtained, or it has fewer scopes than requested. Contains neither a token nor the app's secret.
 *
 * `code` is Logto's `error` (RFC 6749 section 5.2, RFC 8707 section 2), such as `invalid_client`, `invalid_target`
 * and `access_denied`; or `network`, `timeout`, `unavailable` (429 and 5xx), `invalid_response` (not a response of an
 * authorization server), `scopes_missing`.
 */
export class M2MClientError extends Error {
  /** The machine-readable error code. */
  readonly code: string;
  /** The HTTP status of Logto's response; absent if there was none. */
  declare readonly status?: number;
  /** Logto's `error_description`; absent if there was none. */
  declare readonly description?: string;
  /** The remedy, in Logto or in this app. */
  declare readonly hint?: string;
  /** The scopes that were requested and not granted. */
  declare readonly missingScopes?: readonly string[];

  /** The client creates these errors. An app may create them in its own tests. */
  constructor(code: string, message: string, details: M2MClientErrorDetails = {}) {
    const { status, description, hint, missingScopes } = bare(details);
    super(hint === undefined ? message : `${message} ${hint}`);
    this.code = code;
    if (status !== undefined) this.status = status;
    if (description !== undefined) this.description = description;
    if (hint !== undefined) this.hint = hint;
    if (missingScopes !== undefined) this.missingScopes = missingScopes;
  }
}

defineErrorClass(M2MClientError, 'M2MClientError');
