/**
 * How long, in milliseconds, the API may take to make a key set its own once it was sent to it. Within this time
 * on either side of a delivery nobody can say which set it goes by.
 */
const settling = 500;

/** More than that many are too long ago for any request to be judged by them. */
const remembered = 200;

/** Whether the API holds a key: for certain, certainly not, or it depends on the moment. */
export type Holding = 'held' | 'not held' | 'changing';

/**
 * What happened to the keys and when, by the wall clock in milliseconds: what Logto did, and what it told the API.
 * It is noted at Logto's side alone. What the API itself says of its keys is no witness here.
 */
export class KeyHistory {
  readonly #trustedFor: number;
  /** When Logto got each key, and when it gave it up. */
  readonly #announced = new Map<string, number>();
  readonly #withdrawn = new Map<string, number>();
  readonly #deliveries: { at: number; keyIds: readonly string[] }[] = [];
  readonly #faults: { from: number; to: number }[] = [];

  /** @param trustedFor How long after its fetch a key set serves at most, in milliseconds. */
  constructor(trustedFor: number) {
    this.#trustedFor = trustedFor;
  }

  /** Logto has these keys, and no others, after a rotation that lasted from one time to another. */
  has(keyIds: readonly string[], from: number, to: number): void {
    for (const keyId of keyIds) {
      if (!this.#announced.has(keyId)) this.#announced.set(keyId, to);
    }
    for (const keyId of this.#announced.keys()) {
      if (!keyIds.includes(keyId) && !this.#withdrawn.has(keyId)) this.#withdrawn.set(keyId, from);
    }
  }

  /** The API was sent this key set, whole and in time. */
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

  /** Whether Logto answered its key endpoint as it should during all of this time. */
  answeredWell(from: number, to: number): boolean {
    return !this.#faults.some((fault) => fault.from <= to && fault.to >= from);
  }

  /** What the API has of a key during this time. */
  holding(keyId: string, from: number, to: number): Holding {
    const settled = this.#deliveries.findLast(({ at }) => at < from - settling);
    const unsettled = this.#deliveries.filter(({ at }) => at >= from - settling && at <= to + settling);
    const isTrusted = settled !== undefined && to < settled.at + this.#trustedFor - settling;
    const sets = [isTrusted ? settled.keyIds : [], ...unsettled.map(({ keyIds }) => keyIds)];
    const holding = sets.filter((keyIds) => keyIds.includes(keyId)).length;
    return holding === sets.length ? 'held' : holding === 0 ? 'not held' : 'changing';
  }

  /** Whether Logto gave this key up before then. */
  gaveUp(keyId: string, before: number): boolean {
    return (this.#withdrawn.get(keyId) ?? Number.POSITIVE_INFINITY) < before;
  }
}

function remember<T>(list: T[], item: T): void {
  list.push(item);
  if (list.length > remembered) list.shift();
}
