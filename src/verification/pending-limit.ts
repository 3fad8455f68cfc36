import { Refusal } from '../refusal.js';

/**
 * Limits how many requests are pending at once and refuses the others, so that a flood of forged tokens can neither
 * exhaust the memory nor delay all requests without limit. It is not a rate limit.
 */
export class PendingLimit {
  #pending = 0;

  constructor(private readonly max: number) {}

  /**
   * Runs the work, or refuses it if the limit is reached. The work must not throw before its first wait.
   *
   * @param work - may call `release` before it ends; it then no longer counts
   */
  runOrRefuse<T>(work: (release: () => void) => Promise<T>): Promise<T> | Refusal {
    if (this.#pending >= this.max) {
      return new Refusal('overloaded', `${this.#pending} requests are already waiting: see maxPending.`, {
        retryAfter: 1,
      });
    }
    this.#pending += 1;
    let isPending = true;
    const release = () => {
      if (isPending) this.#pending -= 1;
      isPending = false;
    };
    const result = work(release);
    result.then(release, release);
    return result;
  }
}
