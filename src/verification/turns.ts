/** Lets so much work run at once; the rest waits its turn, first come, first served. */
export class Turns {
  readonly #max: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** @param start - begins the work, now or later. It must not throw, and call `end` once when the work is done. */
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
    // The work that waits longest takes over the place.
    const next = this.#waiting.shift();
    if (next === undefined) this.#running -= 1;
    else next();
  };
}
