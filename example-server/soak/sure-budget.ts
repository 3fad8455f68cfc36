const atOnce = 2;

/**
 * How many questions to Logto the API has left for certain, as an onlooker can know it. For unknown key ids it may
 * ask twice at once, then once in each interval; when its intervals begin nobody outside can tell. So only whole
 * intervals without any use count, and every request that may have used a question did use one.
 */
export class SureBudget {
  #left = atOnce;
  #usedUntil = Number.NEGATIVE_INFINITY;

  /** @param interval In milliseconds. */
  constructor(private readonly interval: number) {}

  /**
   * A request with an unknown key id was under way in this time.
   *
   * @returns whether there was a question left for it
   */
  use(from: number, to: number): boolean {
    const earned = Math.floor(Math.max(0, from - this.#usedUntil) / this.interval);
    const left = Math.min(atOnce, this.#left + earned);
    this.#left = Math.max(0, left - 1);
    this.#usedUntil = Math.max(this.#usedUntil, to);
    return left > 0;
  }
}
