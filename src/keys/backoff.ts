import { backoffDelay } from '../util/backoff-delay.js';

const FIRST = 1_000;
const LONGEST = 60_000;
/** Without usable keys every request is refused: an outage may then outlast its cause by at most 5 s. */
const LONGEST_WITHOUT_KEYS = 5_000;

/** How long after the wait an attempt still counts as part of the same outage. */
const SEQUEL = 30_000;

/**
 * The failures of an issuer in a row, and the delay before the next attempt: from 1 s to 60 s. All times are in
 * milliseconds, by `performance.now()`.
 */
export class Backoff {
  #failures = 0;
  #failedAt = 0;
  #wait = 0;

  /** Whether the last attempt failed. */
  get failing(): boolean {
    return this.#failures > 0;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  failed(now: number): void {
    this.#failedAt = now;
    this.#wait = backoffDelay(this.#failures++, FIRST, LONGEST);
  }

  /** Milliseconds until an attempt is allowed; 0 if it is allowed now. */
  remaining(now: number, hasKeys: boolean): number {
    if (!this.failing) return 0;
    const wait = hasKeys ? this.#wait : Math.min(this.#wait, LONGEST_WITHOUT_KEYS);
    return Math.max(0, this.#failedAt + wait - now);
  }

  /** Whether the last attempt failed, and the next one, due or running, is part of the same outage. */
  failedLately(now: number): boolean {
    return this.failing && now - this.#failedAt < this.#wait + SEQUEL;
  }
}
