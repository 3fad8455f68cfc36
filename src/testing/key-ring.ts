import { type RotateKeysOptions, resolveRotation } from './options.js';
import { createSigningKey, type SigningKey } from './signing-key.js';
import { TaskQueue } from './task-queue.js';

/** The keys of an issuer: current, next and previous. */
export class KeyRing {
  #current: SigningKey;
  #next: SigningKey | undefined;
  #previous: SigningKey | undefined;
  // Rotations run in sequence: a later EC key could be generated before an earlier RSA key.
  readonly #rotations = new TaskQueue();

  private constructor(first: SigningKey) {
    this.#current = first;
  }

  static async create(alg: string): Promise<KeyRing> {
    return new KeyRing(await createSigningKey(alg));
  }

  get current(): SigningKey {
    return this.#current;
  }

  /** In the order in which Logto publishes the keys. */
  get published(): readonly SigningKey[] {
    return [this.#current, this.#next, this.#previous].filter((key) => key !== undefined);
  }

  /** @throws TypeError (as a rejection) that names the option, the value received, and the value to pass */
  rotate(options: RotateKeysOptions): Promise<void> {
    return this.#rotations.do(async () => {
      const { alg, keepPrevious, staged } = resolveRotation(
        options,
        this.#current.alg,
        this.#next !== undefined,
      );
      const key = this.#next ?? (await createSigningKey(alg));
      if (staged) {
        this.#next = key;
        return;
      }
      this.#previous = keepPrevious ? this.#current : undefined;
      this.#next = undefined;
      this.#current = key;
    });
  }
}
