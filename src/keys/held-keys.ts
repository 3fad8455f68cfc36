import type { FetchedKeys } from './key-store.js';
import type { Moment } from './moment.js';
import type { IgnoredKey, Keys, VerificationKey } from './verification-key.js';

/** The keys that an issuer had when it was asked last, and their age. Times are in milliseconds. */
export class HeldKeys {
  readonly #maxLife: number;
  #keys: Keys | undefined;
  #fetchedAt: Moment | undefined;
  #ignored: readonly IgnoredKey[] = [];

  /** @param maxLife - older keys are not trusted */
  constructor(maxLife: number) {
    this.#maxLife = maxLife;
  }

  /** The keys, however old. */
  get keys(): Keys | undefined {
    return this.#keys;
  }

  /** What else the key set held. */
  get ignored(): readonly IgnoredKey[] {
    return this.#ignored;
  }

  /** When the fetch that brought them began. */
  get fetchedAt(): Moment | undefined {
    return this.#fetchedAt;
  }

  /** @param now - by `Date.now()` */
  age(now = Date.now()): number {
    return this.#fetchedAt?.age(now) ?? Number.POSITIVE_INFINITY;
  }

  /** The keys, if they are young enough to be trusted at all. */
  trusted(now = Date.now()): Keys | undefined {
    return this.age(now) < this.#maxLife ? this.#keys : undefined;
  }

  /**
   * Takes over what Logto has answered. A key that stayed the same stays the same object, and with it every token that
   * it has verified.
   *
   * @returns whether there is a key among them that was not held
   */
  adopt({ keys: fetched, ignored, startedAt }: FetchedKeys): boolean {
    const keys = new Map<string, VerificationKey>();
    let hasNew = false;
    for (const [kid, key] of fetched) {
      const held = this.#keys?.get(kid);
      const isHeld = held?.equals(key) === true;
      hasNew ||= !isHeld;
      keys.set(kid, isHeld ? held : key);
    }
    this.#keys = keys;
    this.#ignored = ignored;
    this.#fetchedAt = startedAt;
    return hasNew;
  }

  /** Never in the place of keys that came in the meantime: a withdrawn one would be trusted again. */
  adoptStored(entry: FetchedKeys | undefined): void {
    if (entry !== undefined && this.trusted() === undefined) this.adopt(entry);
  }
}
