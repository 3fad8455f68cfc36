const FIRST = 1_000;
const LONGEST = 60_000;
/** While no key serves, every caller is refused: then a failure may cost 5 s at most once it is mended. */
const LONGEST_WITHOUT_KEYS = 5_000;

/** How long after the wait a next attempt still counts as one of the same outage. */
const SEQUEL = 30_000;

/**
 * When to try again after failures: 1 s and doubling, 60 s at most, with jitter so that replicas which failed
 * together do not come back together. All in milliseconds, and by `performance.now()`.
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
    const longest = Math.min(LONGEST, FIRST * 2 ** ++this.#failures);
    this.#wait = longest * (0.5 + Math.random() / 2);
  }

  /** Milliseconds until an attempt may be made; 0 when one may be made now. */
  remaining(now: number, keysServe: boolean): number {
    if (!this.failing) return 0;
    const wait = keysServe ? this.#wait : Math.min(this.#wait, LONGEST_WITHOUT_KEYS);
    return Math.max(0, this.#failedAt + wait - now);
  }

  /** Whether the last attempt failed, and the next one, due or under way, is its sequel in the same outage. */
  failedLately(now: number): boolean {
    return this.failing && now - this.#failedAt < this.#wait + SEQUEL;
  }
}
