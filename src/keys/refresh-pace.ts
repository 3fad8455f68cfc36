/** A second and a margin: a request may reach Logto faster than the one before it. */
const SHORTEST = 1_050;

/**
 * The distance between two refreshes for unknown key ids, in milliseconds: a second, doubling up to `longest` while
 * they bring nothing new. So made-up key ids cannot turn this API into a flood at Logto, and a real rotation among
 * them is seen within that distance. It counts from the last refresh, whatever that was for. Times are by
 * `performance.now()`.
 */
export class RefreshPace {
  readonly #longest: number;
  #distance = SHORTEST;
  #begunAt = Number.NEGATIVE_INFINITY;

  constructor(longest: number) {
    this.#longest = Math.max(SHORTEST, longest);
  }

  /** A refresh begins. */
  begin(now: number): void {
    // A refresh after a pause does not belong to an earlier flood.
    if (now - this.#begunAt >= 2 * this.#distance) this.#distance = SHORTEST;
    this.#begunAt = now;
  }

  /** It has brought a key that was not held. */
  endWithNewKey(): void {
    this.#distance = SHORTEST;
  }

  /** It was for unknown key ids, and has brought nothing new. */
  endInVain(): void {
    this.#distance = Math.min(2 * this.#distance, this.#longest);
  }

  /** How long it is until a refresh for unknown key ids may begin; 0 when it may begin now. */
  remaining(now: number): number {
    return Math.max(0, this.#begunAt + this.#distance - now);
  }
}
