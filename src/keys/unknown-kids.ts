import type { Refusal } from '../errors.js';
import type { VerificationKey } from './verification-key.js';

/** For how long a kid that Logto does not have is remembered, in milliseconds. */
const MEMORY = 1_000;

/** A token that waits for the next refresh. */
interface Waiter {
  readonly kid: string;
  /** How many refreshes had begun when it came. */
  readonly begunBefore: number;
  /** Its index among all that wait. */
  place: number;
  readonly settle: (outcome: VerificationKey | Refusal) => void;
}

/**
 * The tokens whose key is not held. Each waits until a refresh that began after it came has told whether Logto has the
 * key.
 *
 * At most `max` may wait. When the room is full, a newcomer takes the place of a waiting token that is drawn by lot: from
 * the tokens whose kid no other waiting token has, if these are more than half, and otherwise from the rest. Made-up kids
 * are mostly different ones, so they drive out each other, and the tokens of a real new key, which share one kid, stay.
 * Whatever the kids of a flood are, a newcomer is always admitted, and each newcomer after it drives it out with a
 * probability of 2 / `max` at most.
 */
export class UnknownKids {
  readonly #max: number;
  readonly #waiting: Waiter[] = [];
  /** How many tokens wait, by their kid. */
  readonly #counts = new Map<string, number>();
  /** How many of them have a kid that no other waiting token has. */
  #alone = 0;
  /** Kids that Logto did not have at the last refresh, and until when that is remembered. */
  #absent = { kids: new Set<string>(), until: Number.NEGATIVE_INFINITY };

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** Whether Logto was asked for it less than a second ago, and does not have it. */
  isAbsent(kid: string): boolean {
    return this.#absent.kids.has(kid) && performance.now() < this.#absent.until;
  }

  /** Notes that the last refresh has not brought this kid. */
  rememberAbsent(kid: string): void {
    if (this.#absent.kids.size < this.#max) this.#absent.kids.add(kid);
  }

  /**
   * Waits until `settle` decides, or the time is over.
   *
   * @param deadline - by `performance.now()`
   * @param crowdedOut - the refusal of the one that has to make room
   * @param late - the refusal when the time is over
   */
  wait(
    kid: string,
    begunBefore: number,
    deadline: number,
    { crowdedOut, late }: { crowdedOut: () => Refusal; late: () => Refusal },
  ): Promise<VerificationKey | Refusal> {
    if (this.#waiting.length >= this.#max) this.#drawOne().settle(crowdedOut());
    return new Promise((resolve) => {
      const timer = setTimeout(() => waiter.settle(late()), Math.max(0, deadline - performance.now()));
      const waiter: Waiter = {
        kid,
        begunBefore,
        place: this.#waiting.length,
        settle: (outcome) => {
          clearTimeout(timer);
          this.#remove(waiter);
          resolve(outcome);
        },
      };
      this.#waiting.push(waiter);
      this.#count(kid, 1);
    });
  }

  /**
   * A refresh has ended: settles each token about which it says something.
   *
   * @param begunAt - when it began, by `performance.now()`
   * @param outcomeFor - what it tells; undefined where the token has to wait for the next one
   */
  settle(
    begunAt: number,
    outcomeFor: (kid: string, begunBefore: number) => VerificationKey | Refusal | undefined,
  ): void {
    this.#absent = { kids: new Set(), until: begunAt + MEMORY };
    for (const waiter of [...this.#waiting]) {
      const outcome = outcomeFor(waiter.kid, waiter.begunBefore);
      if (outcome !== undefined) waiter.settle(outcome);
    }
  }

  #drawOne(): Waiter {
    const isAlone = 2 * this.#alone > this.#waiting.length;
    // At least half of the tokens qualify, so it takes two draws on average at most.
    for (;;) {
      const one = this.#waiting[Math.floor(Math.random() * this.#waiting.length)] as Waiter;
      if ((this.#counts.get(one.kid) === 1) === isAlone) return one;
    }
  }

  #remove(waiter: Waiter): void {
    const last = this.#waiting.pop() as Waiter;
    if (last !== waiter) {
      this.#waiting[waiter.place] = last;
      last.place = waiter.place;
    }
    this.#count(waiter.kid, -1);
  }

  #count(kid: string, change: 1 | -1): void {
    const before = this.#counts.get(kid) ?? 0;
    const after = before + change;
    this.#alone += Number(after === 1) - Number(before === 1);
    if (after === 0) this.#counts.delete(kid);
    else this.#counts.set(kid, after);
  }
}
