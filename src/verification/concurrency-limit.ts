/** Runs at most `max` tasks at once; the others wait in the order of their arrival. */
export class ConcurrencyLimit {
  readonly #max: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /**
   * Starts the task, now or later. A task that had to wait starts in the async context of the task that ended.
   *
   * @param start - must not throw, and must call `end` once, when the task is done
   */
  run(start: (end: () => void) => void): void {
    const begin = () => start(this.#end);
    if (this.#running === this.#max) {
      this.#waiting.push(begin);
      return;
    }
    this.#running += 1;
    begin();
  }

  readonly #end = (): void => {
    // The task that has waited longest takes over the slot.
    const next = this.#waiting.shift();
    if (next === undefined) this.#running -= 1;
    else next();
  };
}
