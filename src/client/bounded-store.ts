import type { KeyValueStore } from '../checks/store.js';
import { settledBy } from '../promises.js';

/** Longer than this nobody waits for one answer of the store, in milliseconds: it is there to help. */
const LONGEST = 500;

/** A store that never throws, and for which nobody waits long. */
export class BoundedStore {
  readonly #store: KeyValueStore;
  #isAnswering = true;

  constructor(store: KeyValueStore) {
    this.#store = store;
  }

  /** Whether the store has answered in time when it was asked last. */
  get isAnswering(): boolean {
    return this.#isAnswering;
  }

  /** @param deadline - by `performance.now()` */
  async get(name: string, deadline: number): Promise<unknown> {
    let found: unknown;
    await this.#ask(deadline, async () => {
      found = await this.#store.get(name);
    });
    return found;
  }

  /** @param deadline - by `performance.now()`; without one nobody is waiting */
  set(name: string, value: unknown, lifetime: number, deadline = Number.POSITIVE_INFINITY): Promise<void> {
    return this.#ask(deadline, async () => void (await this.#store.set(name, value, lifetime)));
  }

  async #ask(deadline: number, question: () => Promise<void>): Promise<void> {
    let isAnswered = false;
    const asking = question().then(
      () => {
        isAnswered = true;
      },
      () => {},
    );
    await settledBy(asking, Math.min(deadline, performance.now() + LONGEST));
    this.#isAnswering = isAnswered;
  }
}
