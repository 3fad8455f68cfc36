import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { bare } from '../checks/own.js';
import { unreferenced } from '../promises.js';
import type { BoundedStore } from './bounded-store.js';

/** How long the claim of a replica is valid, in milliseconds. */
const LIFETIME = 2_000;
/** How often a replica renews its claim during the token request, in milliseconds. */
const RENEWAL = 1_000;
/** How long it takes until all replicas see a claim, and how often waiting ones check it, in milliseconds. */
const LOOK = 100;

/**
 * Decides among replicas which one asks Logto. As the store can only get and set, that is a rule and no lock: the last
 * one to claim it asks, and the others wait for what it gets, or for its claim to end.
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
   * Waits until it is for this replica to ask, or what the others got is found, or there is no time to wait any longer.
   *
   * @param find - what spares the asking, if it is there
   * @param deadline - by `performance.now()`
   */
  async awaitTurn<T>(find: () => Promise<T | undefined>, deadline: number): Promise<T | undefined> {
    this.#isMine = false;
    if (!this.#store.isAnswering) return undefined;
    let isMade = false;
    let holder = await this.#holder(deadline);
    while (this.#store.isAnswering && performance.now() < deadline) {
      let pause = LOOK;
      if (holder !== undefined && holder !== this.#own) isMade = false;
      else if (isMade) {
        // Nobody has claimed it since; or the store forgets, and then there is nothing to wait for.
        this.#isMine = holder === this.#own;
        return undefined;
      } else {
        const began = performance.now();
        await this.#make(deadline);
        isMade = true;
        // A replica that read before this claim was written may write another one, just as slowly.
        pause = Math.max(LOOK, 2 * (performance.now() - began));
      }
      await sleep(Math.min(pause, Math.max(0, deadline - performance.now())), undefined, { ref: false });
      const [found, now] = await Promise.all([find(), this.#holder(deadline)]);
      if (found !== undefined) return found;
      holder = now;
    }
    return undefined;
  }

  /** From now to `end` the others wait for this replica, if it is its turn. */
  keep(): void {
    // That of a request before this one, if what it got is being written still.
    clearInterval(this.#renewal);
    if (this.#isMine) this.#renewal = unreferenced(setInterval(() => void this.#make(), RENEWAL));
  }

  /** The others need wait no longer: what was got can be found, or there is nothing. */
  async end(): Promise<void> {
    clearInterval(this.#renewal);
    if (this.#isMine) await this.#store.set(this.#name, 'ended', LIFETIME);
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
