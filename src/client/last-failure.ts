import { backoffDelay } from '../util/backoff-delay.js';
import type { TokenFailure } from './token-failure.js';

/** The pause after a failure, in milliseconds: short if there is no valid token, otherwise growing. */
const FIRST = 1_000;
const LONGEST = 30_000;
/** The longest Retry-After that is respected, in milliseconds. */
const LONGEST_ASKED_FOR = 60_000;

/** The last failure to obtain a token, and when the next attempt is allowed. */
export class LastFailure {
  readonly outcome: TokenFailure;
  readonly #count: number;
  readonly #at = performance.now();
  readonly #wait: number;

  /** @param before - the previous failure, if no token was obtained in between */
  constructor(outcome: TokenFailure, before: LastFailure | undefined) {
    this.outcome = outcome;
    this.#count = before === undefined ? 0 : before.#count + 1;
    this.#wait = backoffDelay(this.#count, FIRST, LONGEST);
  }

  /** @param isServed - whether callers have a valid token */
  mayTryAgain(isServed: boolean): boolean {
    const askedFor = Math.min(LONGEST_ASKED_FOR, (this.outcome.retryAfter ?? 0) * 1000);
    return performance.now() - this.#at >= Math.max(askedFor, isServed ? this.#wait : FIRST);
  }
}
