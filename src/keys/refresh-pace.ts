/** A margin over 1 s, so that requests reach Logto at least a second apart despite varying latency. */
const SHORTEST = 1_050;

/**
 * The interval between two refreshes for unknown key ids, in milliseconds: one second, doubling up to `longest` while
 * they bring nothing new. Thus made-up key ids cannot cause a flood of requests to Logto, and a real rotation among
 * them is detected within that interval. It starts at the last refresh of any kind. Times are by `performance.now()`.
 */
export class RefreshPace {
  readonly #longest: number;
  #interval = SHORTEST;
  #begunAt = Number.NEGATIVE_INFINITY;

  constructor(longest: number) {
    this.#longest = Math.max(SHORTEST, longest);
  }

  /** Records the start of a refresh. */
  begin(now: number): void {
    // A refresh after a pause does not belong to an earlier flood.
    if (now - this.#begunAt >= 2 * this.#interval) this.#interval = SHORTEST;
    this.#begunAt = now;
  }

  /** The refresh brought a key that was not held. */
  endWithNewKey(): void {
    this.#interval = SHORTEST;
  }

  /** The refresh was for unknown key ids, and brought nothing new. */
  endInVain(): void {
    this.#interval = Math.min(2 * this.#interval, this.#longest);
  }

  /** The time until a refresh for unknown key ids may begin; 0 if it may begin now. */
  remaining(now: number): number {
    return Math.max(0, this.#begunAt + this.#interval - now);
  }
}
