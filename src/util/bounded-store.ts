import type { KeyValueStore } from './key-value-store.js';
import { settledBy } from './promises.js';

/** The longest wait for a response of the store, in milliseconds. */
const LONGEST = 500;

/** A store whose calls never throw, and end within a deadline: callers work without the store if it fails. */
export class BoundedStore {
  readonly #store: KeyValueStore;
  #isResponding = true;

  constructor(store: KeyValueStore) {
    this.#store = store;
  }

  /** Whether the last call of the store succeeded in time. */
  get isResponding(): boolean {
    return this.#isResponding;
  }

  /** @param deadline - an earlier limit, by `performance.now()` */
  async get(name: string, deadline = Number.POSITIVE_INFINITY): Promise<unknown> {
    let found: unknown;
    await this.#run(deadline, async () => {
      found = await this.#store.get(name);
    });
    return found;
  }

  /** @param deadline - an earlier limit, by `performance.now()` */
  set(name: string, value: unknown, lifetime: number, deadline = Number.POSITIVE_INFINITY): Promise<void> {
    return this.#run(deadline, async () => void (await this.#store.set(name, value, lifetime)));
  }

  /** Writes without a wait, and without keeping the process alive. */
  write(name: string, value: unknown, lifetime: number): void {
    (async () => this.#store.set(name, value, lifetime))().catch(() => {});
  }

  async #run(deadline: number, operation: () => Promise<void>): Promise<void> {
    let hasSucceeded = false;
    const running = operation().then(
      () => {
        hasSucceeded = true;
      },
      () => {},
    );
    await settledBy(running, Math.min(deadline, performance.now() + LONGEST));
    this.#isResponding = hasSucceeded;
  }
}
