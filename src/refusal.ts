import type { AuthErrorReason } from './errors.js';

/** Details that a failed check passes on to the response. */
export interface RefusalDetails {
  readonly cause?: unknown;
  /** Seconds after which a retry makes sense. */
  readonly retryAfter?: number;
}

/**
 * The negative result of a check. It is plain data, cheap to create and safe to share between requests. The guard
 * that sends the response converts it to an `AuthError` with the challenge of its route.
 */
export class Refusal {
  constructor(
    readonly reason: AuthErrorReason,
    readonly hint: string | undefined = undefined,
    readonly details: RefusalDetails = {},
  ) {}
}
