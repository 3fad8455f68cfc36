/**
 * How long the API may take to use a key set after its delivery, in milliseconds. Within this time before and after a
 * delivery, it is not known which set the API uses.
 */
const settling = 500;

/** The maximum number of remembered events. Older ones do not affect any request that is still to be judged. */
const remembered = 200;

/** Whether the API holds a key: certainly, certainly not, or for a part of the time. */
export type Holding = 'held' | 'not held' | 'changing';

/**
 * Records the rotations at Logto and the key sets that were sent to the API, by the wall clock in milliseconds. All of
 * it is recorded at Logto's side, independently of what the API itself reports about its keys.
 */
export class KeyHistory {
  readonly #trustedFor: number;
  /** When Logto added each key, and when it withdrew it. */
  readonly #announced = new Map<string, number>();
  readonly #withdrawn = new Map<string, number>();
  readonly #deliveries: { at: number; keyIds: readonly string[] }[] = [];
  readonly #faults: { from: number; to: number }[] = [];

  /** @param trustedFor - the longest time for which a key set is trusted after its fetch, in milliseconds */
  constructor(trustedFor: number) {
    this.#trustedFor = trustedFor;
  }

  /** Records that Logto has only these keys, after a rotation that lasted from one time to the other. */
  has(keyIds: readonly string[], from: number, to: number): void {
    for (const keyId of keyIds) {
      if (!this.#announced.has(keyId)) this.#announced.set(keyId, to);
    }
    for (const keyId of this.#announced.keys()) {
      if (!keyIds.includes(keyId) && !this.#withdrawn.has(keyId)) this.#withdrawn.set(keyId, from);
    }
  }

  /** Records that this key set was sent to the API, completely and in time. */
  delivered(keyIds: readonly string[], at: number): void {
    remember(this.#deliveries, { at, keyIds });
  }

  faultBegan(at: number): void {
    remember(this.#faults, { from: at, to: Number.POSITIVE_INFINITY });
  }

  faultEnded(at: number): void {
    const last = this.#faults.at(-1);
    if (last) last.to = at;
  }

  /** Whether Logto's key endpoint responded correctly during all of this time. */
  answeredWell(from: number, to: number): boolean {
    return !this.#faults.some((fault) => fault.from <= to && fault.to >= from);
  }

  /** Returns whether the API holds a key during this time. */
  holding(keyId: string, from: number, to: number): Holding {
    const settled = this.#deliveries.findLast(({ at }) => at < from - settling);
    const unsettled = this.#deliveries.filter(({ at }) => at >= from - settling && at <= to + settling);
    const isTrusted = settled !== undefined && to < settled.at + this.#trustedFor - settling;
    const sets = [isTrusted ? settled.keyIds : [], ...unsettled.map(({ keyIds }) => keyIds)];
    const holding = sets.filter((keyIds) => keyIds.includes(keyId)).length;
    return holding === sets.length ? 'held' : holding === 0 ? 'not held' : 'changing';
  }

  /** Whether Logto withdrew this key before the given time. */
  gaveUp(keyId: string, before: number): boolean {
    return (this.#withdrawn.get(keyId) ?? Number.POSITIVE_INFINITY) < before;
  }
}

function remember<T>(list: T[], item: T): void {
  list.push(item);
  if (list.length > remembered) list.shift();
}
