import { Refusal } from '../refusal.js';

/**
 * Limits how many requests wait at once and refuses the others, so that a flood of forged tokens can neither exhaust
 * the memory nor delay all requests without limit. It is not a rate limit.
 */
export class WaitingRoom {
  #inside = 0;

  constructor(private readonly max: number) {}

  /**
   * Runs the work, or refuses it if the limit is reached. The work must not throw before its first wait.
   *
   * @param work - may release its slot before it ends
   */
  enter<T>(work: (leave: () => void) => Promise<T>): Promise<T> | Refusal {
    if (this.#inside >= this.max) {
      return new Refusal('overloaded', `${this.#inside} requests are already waiting: see maxPending.`, {
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
