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
 * The tokens whose key is not held, until a refresh that begins after they came has told whether Logto has it.
 *
 * So many may wait at once. In a full room a newcomer takes the place of another, drawn by lot: among those whose kid
 * nobody else here has, if they are more than half, and else among the others. Made-up kids are mostly different ones:
 * then they drive out each other, and the tokens of a real new key, which have one kid in common, stay. Whatever kids
 * a flood has, a token gets in each time it is sent, and the next newcomer drives it out in at most 2 of `max` cases.
 */
export class UnknownKids {
  readonly #max: number;
  readonly #waiting: Waiter[] = [];
  /** How many of them have that kid. */
  readonly #counts = new Map<string, number>();
  /** How many of them have a kid that no other has. */
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

  /** The last refresh was asked for this kid, and has not brought it. */
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
   * A refresh has ended: lets those go of whom it tells something.
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
    // Half of them or more are such, so it takes two draws on average.
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
