import type { FetchedKeys } from './key-store.js';
import type { Moment } from './moment.js';
import type { IgnoredKey, Keys, VerificationKey } from './verification-key.js';

/** The keys of an issuer as last fetched, and their age. Times are in milliseconds. */
export class HeldKeys {
  readonly #maxLife: number;
  #keys: Keys | undefined;
  #fetchedAt: Moment | undefined;
  #ignored: readonly IgnoredKey[] = [];

  /** @param maxLife - older keys are not trusted */
  constructor(maxLife: number) {
    this.#maxLife = maxLife;
  }

  /** The keys, whatever their age. */
  get keys(): Keys | undefined {
    return this.#keys;
  }

  /** The unusable members of the key set. */
  get ignored(): readonly IgnoredKey[] {
    return this.#ignored;
  }

  /** When the fetch of these keys began. */
  get fetchedAt(): Moment | undefined {
    return this.#fetchedAt;
  }

  /** @param now - by `Date.now()` */
  age(now = Date.now()): number {
    return this.#fetchedAt?.age(now) ?? Number.POSITIVE_INFINITY;
  }

  /** The keys, unless they are too old to be trusted. */
  trusted(now = Date.now()): Keys | undefined {
    return this.age(now) < this.#maxLife ? this.#keys : undefined;
  }

  /**
   * Replaces the held keys with the fetched ones. An unchanged key keeps its object, so the tokens that it verified
   * remain valid.
   *
   * @returns whether any of the keys was not held before
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

  /** Adopts keys from the store, unless trusted keys arrived meanwhile: a withdrawn key would be trusted again. */
  adoptStored(entry: FetchedKeys | undefined): void {
    if (entry !== undefined && this.trusted() === undefined) this.adopt(entry);
  }
}
