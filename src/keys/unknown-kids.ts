import type { Refusal } from '../refusal.js';
import type { VerificationKey } from './verification-key.js';

/** How long a kid that Logto does not have is remembered, in milliseconds. */
const MEMORY = 1_000;

/** A token that waits for the next refresh. */
interface Waiter {
  readonly kid: string;
  /** The number of refreshes that had begun when it arrived. */
  readonly begunBefore: number;
  /** Its index in the list of waiting tokens. */
  index: number;
  readonly settle: (outcome: VerificationKey | Refusal) => void;
}

/**
 * The tokens whose key is not held. Each waits until a refresh that began after its arrival shows whether Logto has
 * the key.
 *
 * At most `max` tokens wait. At that limit a new token replaces a waiting token that is drawn at random: from the
 * tokens whose kid no other waiting token has, if these are more than half, and otherwise from the rest. Made-up kids
 * mostly differ from each other, so they displace each other, and the tokens of a real new key, which share one kid,
 * stay. Whatever the kids of a flood are, a new token is always admitted, and each later token displaces it with a
 * probability of at most 2 / `max`.
 */
export class UnknownKids {
  readonly #max: number;
  readonly #waiting: Waiter[] = [];
  /** The number of waiting tokens, by kid. */
  readonly #counts = new Map<string, number>();
  /** The number of waiting tokens with a kid that no other waiting token has. */
  #uniqueKids = 0;
  /** Kids that Logto did not have at the last refresh, and when they are forgotten. */
  #absent = { kids: new Set<string>(), until: Number.NEGATIVE_INFINITY };

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** Whether a refresh that began less than a second ago did not bring the kid. */
  isAbsent(kid: string): boolean {
    return this.#absent.kids.has(kid) && performance.now() < this.#absent.until;
  }

  /** Records that the last refresh did not bring this kid. */
  rememberAbsent(kid: string): void {
    if (this.#absent.kids.size < this.#max) this.#absent.kids.add(kid);
  }

  /**
   * Waits until `settle` decides, or until the deadline.
   *
   * @param deadline - by `performance.now()`
   * @param crowdedOut - the refusal of the token that is displaced
   * @param late - the refusal at the deadline
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
        index: this.#waiting.length,
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
   * Settles the tokens whose result follows from a finished refresh.
   *
   * @param begunAt - when the refresh began, by `performance.now()`
   * @param outcomeFor - the result; undefined if the token has to wait for the next refresh
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
    const drawUnique = 2 * this.#uniqueKids > this.#waiting.length;
    // At least half of the tokens qualify, so the average is at most two draws.
    for (;;) {
      const one = this.#waiting[Math.floor(Math.random() * this.#waiting.length)] as Waiter;
      if ((this.#counts.get(one.kid) === 1) === drawUnique) return one;
    }
  }

  #remove(waiter: Waiter): void {
    const last = this.#waiting.pop() as Waiter;
    if (last !== waiter) {
      this.#waiting[waiter.index] = last;
      last.index = waiter.index;
    }
    this.#count(waiter.kid, -1);
  }

  #count(kid: string, change: 1 | -1): void {
    const before = this.#counts.get(kid) ?? 0;
    const after = before + change;
    this.#uniqueKids += Number(after === 1) - Number(before === 1);
    if (after === 0) this.#counts.delete(kid);
    else this.#counts.set(kid, after);
  }
}
