/** Runs at most `max` pieces of work at once; the others wait in the order of their arrival. */
export class Turns {
  readonly #max: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /**
   * Starts the work, now or later. Work that had to wait starts in the async context of the work that made room.
   *
   * @param start - must not throw, and must call `end` once, when the work is done
   */
  take(start: (end: () => void) => void): void {
    const begin = () => start(this.#end);
    if (this.#running === this.#max) {
      this.#waiting.push(begin);
      return;
    }
    this.#running += 1;
    begin();
  }

  readonly #end = (): void => {
    // The work that has waited longest takes over the slot.
    const next = this.#waiting.shift();
    if (next === undefined) this.#running -= 1;
    else next();
  };
}
