import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { type Exchange, tokenKinds } from './exchange.js';
import type { Judge, Objection } from './judge.js';
import type { KeyHistory } from './key-history.js';
import { callerPatience } from './settings.js';

/** How often one fault occurred, and when it occurred first. */
export interface Wrong {
  times: number;
  firstAt: number;
}

/** The delay before an exchange is judged: all earlier exchanges have ended, and Logto's side is recorded. */
const judgedAfter = callerPatience + 1_000;

/** How long a flood slows all requests down, in milliseconds. Logto is not the cause. */
const crowdedFor = 1_000;

/** Counts the exchanges, and has each one judged, in the order in which they were sent. */
export class Ledger {
  /** How many exchanges ended with each status, by the kind of request. */
  readonly answers = new Map<string, Map<number, number>>();
  readonly wrong = new Map<Objection, Wrong>();
  /** The latency of tokens of a key that the API held, in microseconds, without the times of floods. */
  readonly latency = { calm: createHistogram(), fault: createHistogram() };
  /** The latency of requests during a fault that are refused before a key is needed: the part of the machine. */
  readonly latencyWithoutKeys = createHistogram();
  /** The latency of accepted tokens of a key that was new to the API. */
  readonly latencyOfNewKeys = createHistogram();

  readonly #judge: Judge;
  readonly #history: KeyHistory;
  readonly #timeout: number;
  #floods: number[] = [];
  #open: Exchange[] = [];

  /** @param timeout - how long after a fault of Logto the API may still wait for a failing response, in milliseconds */
  constructor(judge: Judge, history: KeyHistory, timeout: number) {
    this.#judge = judge;
    this.#history = history;
    this.#timeout = timeout;
  }

  /** Records that a flood of requests begins. */
  flooded(at: number): void {
    this.#floods = [...this.#floods.filter((earlier) => earlier > at - 60_000), at];
  }

  add(exchanges: readonly Exchange[]): void {
    this.#open.push(...exchanges);
    this.#judgeSentBefore(Date.now() - judgedAfter);
  }

  /** Judges the remaining exchanges. No more are added. */
  close(): void {
    this.#judgeSentBefore(Number.POSITIVE_INFINITY);
  }

  #judgeSentBefore(time: number): void {
    const due = this.#open.filter(({ sentAt }) => sentAt < time);
    this.#open = this.#open.filter(({ sentAt }) => sentAt >= time);
    for (const exchange of due.sort((a, b) => a.sentAt - b.sentAt)) this.#enter(exchange);
  }

  #enter(exchange: Exchange): void {
    const { status, sentAt, took } = exchange;
    const isHeld = this.#isHeld(exchange);
    const sent = this.#describe(exchange, isHeld);
    const answers = this.answers.get(sent) ?? new Map<number, number>();
    this.answers.set(sent, answers.set(status, (answers.get(status) ?? 0) + 1));
    this.#histogramFor(exchange, isHeld)?.record(Math.max(1, Math.round(took * 1000)));

    const objection = this.#judge.objectionTo(exchange);
    if (objection === undefined) return;
    const wrong = this.wrong.get(objection) ?? { times: 0, firstAt: sentAt };
    this.wrong.set(objection, { ...wrong, times: wrong.times + 1 });
  }

  #isHeld({ keyId, sentAt, answeredAt }: Exchange): boolean {
    return this.#history.holding(keyId, sentAt, answeredAt) === 'held';
  }

  #describe({ kind, keyId, answeredAt }: Exchange, isHeld: boolean): string {
    const depends = kind === 'repeated' || kind === 'fresh' || kind === 'unpermitted' || kind === 'altered';
    if (!depends || isHeld) return tokenKinds[kind];
    return this.#history.gaveUp(keyId, answeredAt)
      ? `${tokenKinds[kind]}, its key withdrawn`
      : `${tokenKinds[kind]}, its key new to the API`;
  }

  #histogramFor(exchange: Exchange, isHeld: boolean): RecordableHistogram | undefined {
    const { kind, sentAt, answeredAt, status } = exchange;
    if (this.#floods.some((at) => at <= answeredAt && sentAt < at + crowdedFor)) return undefined;
    const isCalm = this.#history.answeredWell(sentAt - this.#timeout, answeredAt);
    if (kind === 'none' || kind === 'expired') return isCalm ? undefined : this.latencyWithoutKeys;
    if (kind !== 'repeated' && kind !== 'fresh') return undefined;
    if (!isHeld) return status === 200 ? this.latencyOfNewKeys : undefined;
    return isCalm ? this.latency.calm : this.latency.fault;
  }
}
