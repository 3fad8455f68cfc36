import { type Exchange, tokenKinds } from './exchange.js';
import type { KeyHistory } from './key-history.js';

/** Why an exchange came out wrong: a sentence, the same for every exchange that is wrong in this way. */
export type Objection = string;

/** The part of the API's key times that the rules go by. All in milliseconds. */
export interface JudgedTimes {
  /** How long the API waits for Logto at most. */
  readonly timeout: number;
}

/** What a busy machine may add to the longest time that a request takes, in milliseconds. */
const stall = 2_000;

/** The answer to a token of a key that the API holds. */
const rightAnswers = { altered: 401, unpermitted: 403, repeated: 200, fresh: 200 } as const;

/** The rules of the soak: which answer each request had a right to, whatever Logto did meanwhile. */
export class Judge {
  readonly #history: KeyHistory;
  readonly #times: JudgedTimes;

  constructor(history: KeyHistory, times: JudgedTimes) {
    this.#history = history;
    this.#times = times;
  }

  /** What is wrong with an exchange, if anything is. */
  objectionTo(exchange: Exchange): Objection | undefined {
    const { kind, keyId, sentAt, answeredAt, took, status } = exchange;
    if (status === 0) return `${tokenKinds[kind]} got no answer at all`;
    if (took > this.#times.timeout + stall) return `${tokenKinds[kind]} waited for longer than the timeout`;

    // What is wrong with these shows before a key is looked for: Logto's state makes no difference.
    if (kind === 'none' || kind === 'expired' || kind === 'otherAudience') return unless(exchange, [401]);

    // Whether Logto has such a key may be asked or not. Nobody may take the token for a good one.
    if (kind === 'madeUpKey') return unless(exchange, [401, 503]);

    const right = rightAnswers[kind];
    const holding = this.#history.holding(keyId, sentAt, answeredAt);

    // The heart of it: the API has the key, so no fault of Logto's may be felt.
    if (holding === 'held') return unless(exchange, [right], 'of a key that the API held');

    // Logto itself has ended these tokens by two rotations. Until the API is told so it cannot know.
    if (this.#history.gaveUp(keyId, answeredAt)) {
      const unsettled = holding === 'changing' ? [right] : [];
      return unless(exchange, [401, 503, ...unsettled], 'of a key that Logto had withdrawn');
    }

    // A key that is new to the API, announced by nothing but this token: Logto is asked for it, however often it was
    // asked before. Its answer may be bad still where one was under way when the fault ended; the caller is not to blame.
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
