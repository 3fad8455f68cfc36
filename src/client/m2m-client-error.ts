import { bare } from '../checks/own.js';
import { defineErrorClass } from '../error-class.js';

/** What is known of a failure. */
export interface M2MClientErrorDetails {
  /** The HTTP status of Logto's answer, if there was one. */
  readonly status?: number | undefined;
  /** What Logto said. */
  readonly description?: string | undefined;
  /** What to do about it. */
  readonly hint?: string | undefined;
  /** The scopes that were asked for and not granted. */
  readonly missingScopes?: readonly string[] | undefined;
}

/**
 * No token could be had, or one with fewer scopes than were asked for. Holds neither a token nor the app's secret.
 *
 * `code` is Logto's `error` (RFC 6749 section 5.2, RFC 8707 section 2), as `invalid_client`, `invalid_target` and
 * `access_denied`; or `network`, `timeout`, `unavailable` (429 and 5xx), `invalid_response` (no answer of an
 * authorization server), `scopes_missing`.
 */
export class M2MClientError extends Error {
  /** What went wrong, for programs. */
  readonly code: string;
  /** The HTTP status of Logto's answer, if there was one. */
  declare readonly status?: number;
  /** What Logto said, if it said something. */
  declare readonly description?: string;
  /** What to do about it, in Logto or here. */
  declare readonly hint?: string;
  /** The scopes that were asked for and not granted. */
  declare readonly missingScopes?: readonly string[];

  /** The client makes these; an app may make one for its own tests. */
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
