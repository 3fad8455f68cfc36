const AT_ONCE = 2;

/**
 * How often unknown key ids may make us ask Logto: twice at once, then once each `interval` milliseconds. So
 * made-up key ids cannot turn this API into a flood at Logto, and a real rotation among them is seen soon.
 */
export class RefreshBudget {
  #left = AT_ONCE;
  #countedAt = 0;

  constructor(private readonly interval: number) {}

  /** Takes one refresh from the budget; false when there is none left. */
  take(now: number): boolean {
    const since = now - this.#countedAt;
    // A clock that was set back starts the count anew.
    const earned = since < 0 ? 0 : Math.floor(since / this.interval);
    if (this.#left + earned >= AT_ONCE) {
      this.#left = AT_ONCE;
      this.#countedAt = now;
    } else {
      this.#left += earned;
      this.#countedAt = since < 0 ? now : this.#countedAt + earned * this.interval;
    }
    if (this.#left === 0) return false;
    this.#left -= 1;
    return true;
  }
}
