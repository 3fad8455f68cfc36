import { Refusal } from '../errors.js';

/**
 * Counts those who wait at once and turns the rest away, so that a flood of forged tokens can neither pile up
 * memory nor delay everybody without end. It is not a rate limit.
 */
export class WaitingRoom {
  #inside = 0;

  constructor(private readonly max: number) {}

  /**
   * Does the work, or refuses it when the room is full. The work must not throw before its first wait.
   *
   * @param work - may give its place back before it ends
   */
  enter<T>(work: (leave: () => void) => Promise<T>): Promise<T> | Refusal {
    if (this.#inside >= this.max) {
      return new Refusal('overloaded', `${this.#inside} requests are waiting already: see maxPending.`, {
        retryAfter: 1,
      });
    }
    this.#inside += 1;
    let isInside = true;
    const leave = () => {
      if (isInside) this.#inside -= 1;
      isInside = false;
    };
    const result = work(leave);
    result.then(leave, leave);
    return result;
  }
}
