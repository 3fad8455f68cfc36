import type { TokenFailure } from './token-failure.js';

/** The pause after a failure, in milliseconds: short if there is no valid token, otherwise growing. */
const FIRST = 1_000;
const LONGEST = 20_000;
/** Logto may ask for more than that, and gets so much of it. */
const LONGEST_ASKED_FOR = 60_000;

/** That Logto gave no token when it was asked last, and when it may be asked again. */
export class LastFailure {
  readonly outcome: TokenFailure;
  readonly #count: number;
  readonly #at = performance.now();
  readonly #wait: number;

  /** @param before - the failure before this one, if no token came in between */
  constructor(outcome: TokenFailure, before: LastFailure | undefined) {
    this.outcome = outcome;
    this.#count = before === undefined ? 0 : before.#count + 1;
    // With jitter, so that replicas which failed together do not come back together.
    this.#wait = Math.min(LONGEST, FIRST * 2 ** Math.min(this.#count, 10)) * (1 + Math.random() / 2);
  }

  /** @param isServed - whether callers have a token meanwhile */
  mayTryAgain(isServed: boolean): boolean {
    const askedFor = Math.min(LONGEST_ASKED_FOR, (this.outcome.retryAfter ?? 0) * 1000);
    return performance.now() - this.#at >= Math.max(askedFor, isServed ? this.#wait : FIRST);
  }
}
