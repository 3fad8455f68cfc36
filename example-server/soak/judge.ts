import { type Exchange, tokenKinds } from './exchange.js';
import type { KeyHistory } from './key-history.js';
import { SureBudget } from './sure-budget.js';

/** Why an exchange came out wrong: a sentence, the same for every exchange that is wrong in this way. */
export type Objection = string;

/** The part of the API's key times that the rules go by. All in milliseconds. */
export interface JudgedTimes {
  /** How long the API waits for Logto at most. */
  readonly timeout: number;
  /** Once two quick questions are used up, unknown key ids let the API ask Logto once in this time. */
  readonly askInterval: number;
}

/** What a busy machine may add to the longest time that a request takes, in milliseconds. */
const stall = 2_000;

/** The answer to a token of a key that the API holds. */
const rightAnswers = { altered: 401, unpermitted: 403, repeated: 200, fresh: 200 } as const;

/**
 * The rules of the soak: which answer each request had a right to, whatever Logto did meanwhile. It must be shown
 * the exchanges in the order in which they were sent.
 */
export class Judge {
  readonly #history: KeyHistory;
  readonly #times: JudgedTimes;
  readonly #budget: SureBudget;
  /** When a token of a new key, by its id, first had a right to be served. */
  readonly #servedSince = new Map<string, number>();
  /** When the API first told a caller that it could not have Logto's keys, if it has had none since. */
  #unavailableSince: number | undefined;

  constructor(history: KeyHistory, times: JudgedTimes) {
    this.#history = history;
    this.#times = times;
    this.#budget = new SureBudget(times.askInterval);
  }

  /** What is wrong with an exchange, if anything is. */
  objectionTo(exchange: Exchange): Objection | undefined {
    const { kind, keyId, sentAt, answeredAt, took, status } = exchange;
    if (status === 0) return `${tokenKinds[kind]} got no answer at all`;
    if (took > this.#times.timeout + stall) return `${tokenKinds[kind]} waited for longer than the timeout`;
    if (status === 503) this.#noteUnavailable(answeredAt);

    // What is wrong with these shows before a key is looked for: Logto's state makes no difference.
    if (kind === 'none' || kind === 'expired' || kind === 'otherAudience') return unless(exchange, [401]);

    // Whether Logto has such a key may be asked or not. Nobody may take the token for a good one.
    if (kind === 'madeUpKey') {
      this.#budget.use(sentAt, answeredAt);
      return unless(exchange, [401, 503]);
    }

    const right = rightAnswers[kind];
    const holding = this.#history.holding(keyId, sentAt, answeredAt);

    // The heart of it: the API has the key, so no fault of Logto's may be felt.
    if (holding === 'held') return unless(exchange, [right], 'of a key that the API held');

    const claim = this.#claimOf(exchange);

    // Logto itself has ended these tokens by two rotations. Until the API is told so it cannot know.
    if (this.#history.gaveUp(keyId, answeredAt)) {
      const unsettled = holding === 'changing' ? [right] : [];
      return unless(exchange, [401, 503, ...unsettled], 'of a key that Logto had withdrawn');
    }

    // A key that is new to the API, announced by nothing but this token.
    if (claim === 'service') return unless(exchange, [right], 'of a key that the API could fetch');
    // It may be called unknown only by an API that has no question left and no reason to think that Logto failed.
    // Else the caller would be blamed for Logto's fault.
    const mayBlame = claim === 'nothing' && !this.#knowsOfFault(exchange);
    return unless(exchange, [right, 503, ...(mayBlame ? [401] : [])], 'of a key new to the API');
  }

  /**
   * What a token of a key that the API does not hold can claim. Service, where Logto has the key and answers well
   * (from before the request, as a bad answer may still be under way, until the request is answered) and
   *
   * - the API has a question to Logto left for certain; or
   * - a token of the same key had that claim before, whose question this one shares; or
   * - Logto has answered well for so long that a question fell due, whoever used up the ones before.
   *
   * Else a question to Logto if there is one left for certain, whatever Logto says to it. Else nothing.
   */
  #claimOf({ keyId, sentAt, answeredAt }: Exchange): 'service' | 'question' | 'nothing' {
    const { timeout, askInterval } = this.#times;
    const answersSince = (since: number) => this.#history.answeredWell(since - timeout, answeredAt);

    const servedSince = this.#servedSince.get(keyId);
    if (servedSince !== undefined && answersSince(servedSince)) return 'service';

    const hasQuestion = this.#budget.use(sentAt, answeredAt);
    const due = sentAt - askInterval;
    if (hasQuestion && answersSince(sentAt)) {
      this.#servedSince.set(keyId, sentAt);
      return 'service';
    }
    if (answersSince(due) && this.#history.hasHadSince(keyId, due)) return 'service';
    return hasQuestion ? 'question' : 'nothing';
  }

  #noteUnavailable(at: number): void {
    const since = this.#unavailableSince;
    const isOver = since === undefined || this.#history.wasTold(since, at);
    this.#unavailableSince = isOver ? at : Math.min(since, at);
  }

  /** Whether the API had a fetch fail before this request, and none succeed since. */
  #knowsOfFault({ sentAt, answeredAt }: Exchange): boolean {
    const since = this.#unavailableSince;
    return since !== undefined && since < sentAt && !this.#history.wasTold(since, answeredAt);
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
