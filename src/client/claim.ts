import { randomUUID } from 'node:crypto';
import type { BoundedStore } from '../util/bounded-store.js';
import { bare } from '../util/own.js';
import { pause } from '../util/pause.js';
import { unreferenced } from '../util/promises.js';

/** How long the claim of a replica is valid, in milliseconds. */
const LIFETIME = 2_000;
/** How often a replica renews its claim during the token request, in milliseconds. */
const RENEWAL = 1_000;
/** How long it takes until all replicas see a claim, and how often waiting ones check it, in milliseconds. */
const LOOK = 100;

/**
 * Decides which replica requests a token. The store has only get and set, so this is a convention, not a lock: the
 * replica that claims last sends the request, and the others wait for its token or for the end of its claim.
 */
export class Claim {
  readonly #store: BoundedStore;
  readonly #name: string;
  readonly #own = randomUUID();
  #isMine = false;
  #renewal: NodeJS.Timeout | undefined;

  constructor(store: BoundedStore, name: string) {
    this.#store = store;
    this.#name = name;
  }

  /**
   * Waits until it is this replica's turn, another replica's token is found, or the deadline has passed.
   *
   * @param find - returns a token that makes a token request unnecessary
   * @param deadline - by `performance.now()`
   */
  async awaitTurn<T>(find: () => Promise<T | undefined>, deadline: number): Promise<T | undefined> {
    this.#isMine = false;
    if (!this.#store.isResponding) return undefined;
    let isMade = false;
    let holder = await this.#holder(deadline);
    while (this.#store.isResponding && performance.now() < deadline) {
      let delay = LOOK;
      if (holder !== undefined && holder !== this.#own) isMade = false;
      else if (isMade) {
        // No other replica has claimed since; or the store lost the claim, and there is nothing to wait for.
        this.#isMine = holder === this.#own;
        return undefined;
      } else {
        const began = performance.now();
        await this.#make(deadline);
        isMade = true;
        // A replica that read before this claim was written may write another one, just as slowly.
        delay = Math.max(LOOK, 2 * (performance.now() - began));
      }
      await pause(Math.min(delay, Math.max(0, deadline - performance.now())), { ref: false });
      const [found, now] = await Promise.all([find(), this.#holder(deadline)]);
      if (found !== undefined) return found;
      holder = now;
    }
    return undefined;
  }

  /**
   * Makes the other replicas wait, if it is this replica's turn.
   *
   * @returns a function that ends their wait, to be called when the token is in the store or Logto issued none
   */
  keep(): () => Promise<void> {
    // The timer of the previous request, if its token is still being written.
    clearInterval(this.#renewal);
    this.#renewal = undefined;
    if (!this.#isMine) return async () => {};
    const renewal = unreferenced(setInterval(() => void this.#make(), RENEWAL));
    this.#renewal = renewal;
    return async () => {
      clearInterval(renewal);
      // A later request of this replica keeps the claim for itself.
      if (this.#isMine && this.#renewal === renewal) await this.#store.set(this.#name, 'ended', LIFETIME);
    };
  }

  #make(deadline?: number): Promise<void> {
    return this.#store.set(this.#name, { by: this.#own, until: Date.now() + LIFETIME }, LIFETIME, deadline);
  }

  /** The replica that requests a token now, according to the store. */
  async #holder(deadline: number): Promise<string | undefined> {
    const { by, until } = bare(await this.#store.get(this.#name, deadline));
    if (typeof by !== 'string' || typeof until !== 'number') return undefined;
    const left = until - Date.now();
    return left > 0 && left <= LIFETIME ? by : undefined;
  }
}
