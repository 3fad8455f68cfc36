import { type Exchange, tokenKinds } from './exchange.js';
import type { KeyHistory } from './key-history.js';

/** What is wrong with an exchange: a sentence, which is the same for all exchanges with that fault. */
export type Objection = string;

/** The key times of the API that the rules use. All are in milliseconds. */
export interface JudgedTimes {
  /** The longest time for which the API waits for Logto. */
  readonly timeout: number;
}

/** The time that a busy machine may add to the longest request, in milliseconds. */
const stall = 2_000;

/** The correct status for a token of a key that the API holds. */
const rightAnswers = { altered: 401, unpermitted: 403, repeated: 200, fresh: 200 } as const;

/** The rules of the soak: which status each request must get, whatever Logto did meanwhile. */
export class Judge {
  readonly #history: KeyHistory;
  readonly #times: JudgedTimes;

  constructor(history: KeyHistory, times: JudgedTimes) {
    this.#history = history;
    this.#times = times;
  }

  /** Returns what is wrong with an exchange; undefined if it is correct. */
  objectionTo(exchange: Exchange): Objection | undefined {
    const { kind, keyId, sentAt, answeredAt, took, status } = exchange;
    if (status === 0) return `${tokenKinds[kind]} got no answer at all`;
    if (took > this.#times.timeout + stall) return `${tokenKinds[kind]} waited for longer than the timeout`;

    // These are refused before a key is needed, so the state of Logto makes no difference.
    if (kind === 'none' || kind === 'expired' || kind === 'otherAudience') return unless(exchange, [401]);

    // The API may or may not request the key from Logto, but must not accept the token.
    if (kind === 'madeUpKey') return unless(exchange, [401, 503]);

    const right = rightAnswers[kind];
    const holding = this.#history.holding(keyId, sentAt, answeredAt);

    // The main rule: the API has the key, so a fault of Logto must have no effect.
    if (holding === 'held') return unless(exchange, [right], 'of a key that the API held');

    // Logto withdrew the key of these tokens by two rotations. The API learns that only from the next key set.
    if (this.#history.gaveUp(keyId, answeredAt)) {
      const unsettled = holding === 'changing' ? [right] : [];
      return unless(exchange, [401, 503, ...unsettled], 'of a key that Logto had withdrawn');
    }

    // The API learns of a new key only from this token, and must request it from Logto, even after many requests. A
    // request that was running when the fault ended may still fail; the token may then get 503.
    if (this.#history.answeredWell(sentAt - this.#times.timeout, answeredAt)) {
      return unless(exchange, [right], 'of a key that the API could fetch');
    }
    return unless(exchange, [right, 503], 'of a key new to the API');
  }
}

function unless(
  { kind, status }: Exchange,
  allowed: readonly number[],
  circumstance?: string,
): Objection | undefined {
  if (allowed.includes(status)) return undefined;
  const what = [tokenKinds[kind], circumstance].filter(Boolean).join(', ');
  return `${what}: ${status} instead of ${[...new Set(allowed)].join(' or ')}`;
}
