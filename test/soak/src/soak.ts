import { setTimeout } from 'node:timers/promises';
import type { HeapSample } from './heap.js';
import { Judge } from './judge.js';
import { Ledger } from './ledger.js';
import { type Step, schedule } from './schedule.js';
import { keyTimes, requestsOfFlood } from './settings.js';
import { openStage, type Stage } from './stage.js';
import type { Run } from './verdict.js';

export interface SoakOptions {
  seconds: number;
  /** Ends the soak early. */
  signal: AbortSignal;
  /** Called with each event at Logto when it happens. */
  tell: (what: string) => void;
}

/** The interval at which responses are collected and new tokens are supplied, in milliseconds. */
const beat = 200;

/** The number of new tokens per interval. It is more than the callers send, so that they always have some. */
const freshTokensABeat = 5;

/** How many times the heap is measured, but not more often than every half second. */
const heapSamples = 20;

/** Calls the API under load while Logto follows its schedule. */
export async function soak({ seconds, signal, tell }: SoakOptions): Promise<Run> {
  const stage = await openStage();
  const over = new AbortController();
  signal.addEventListener('abort', () => over.abort());
  if (signal.aborted) over.abort();
  try {
    const lost = Promise.race([stage.api.lost, stage.load.lost]);
    return await Promise.race([lost, new Soak(stage, tell).run(seconds, over)]);
  } finally {
    over.abort();
    await stage.close();
  }
}

class Soak {
  readonly #stage: Stage;
  readonly #tell: (what: string) => void;
  readonly #ledger: Ledger;
  readonly #heap: HeapSample[] = [];
  readonly #rotations = { calm: 0, fault: 0 };
  #faults = 0;
  #isAtFault = false;
  #keyIds: string[] = [];

  constructor(stage: Stage, tell: (what: string) => void) {
    this.#stage = stage;
    this.#tell = tell;
    this.#ledger = new Ledger(new Judge(stage.history, keyTimes), stage.history, keyTimes.timeout);
  }

  async run(seconds: number, over: AbortController): Promise<Run> {
    const { logto, front, desk, api, load } = this.#stage;
    await this.#noteKeys(Date.now());
    const url = await api.ask('start', { issuer: logto.issuer, jwksUri: front.url, times: 'short' });
    const tokens = [...(await desk.hopeless()), ...(await desk.ofNewKey())];
    await load.ask('start', { url: `${url}/products`, tokens });

    const startedAt = Date.now();
    const heapEvery = Math.max(500, (seconds * 1000) / heapSamples);
    pause(seconds * 1000, over.signal).then(() => over.abort());
    await Promise.all([
      this.#play(over.signal),
      repeatedly(beat, over.signal, () => this.#collect()),
      repeatedly(beat, over.signal, () => this.#bringFreshTokens()),
      repeatedly(heapEvery, over.signal, () => this.#sampleHeap()),
    ]);
    const endedAt = Date.now();

    this.#ledger.add(await load.ask('finish', undefined));
    this.#ledger.close();
    await this.#sampleHeap();
    return {
      seconds: (endedAt - startedAt) / 1000,
      startedAt,
      ledger: this.#ledger,
      heap: this.#heap,
      counts: await api.ask('counts', undefined),
      keyRequests: front.seen(),
      rotations: this.#rotations,
      faults: this.#faults,
    };
  }

  async #play(over: AbortSignal): Promise<void> {
    for (const step of schedule()) {
      if (over.aborted) return;
      await this.#do(step, over);
    }
  }

  async #do(step: Step, over: AbortSignal): Promise<void> {
    const { front, history, load } = this.#stage;
    switch (step.do) {
      case 'pause':
        return pause(step.seconds * 1000, over);
      case 'rotate':
        return this.#rotate(step.to);
      case 'flood':
        this.#tell(`${requestsOfFlood} made-up key ids come at once`);
        this.#ledger.flooded(Date.now());
        return load.ask('flood', requestsOfFlood);
      case 'fault':
        this.#tell(`Logto ${step.fault}, for ${step.seconds} s`);
        this.#faults += 1;
        this.#isAtFault = true;
        history.faultBegan(Date.now());
        return front.behave(step.fault);
      case 'recover':
        await front.behave(undefined);
        history.faultEnded(Date.now());
        this.#isAtFault = false;
        return this.#tell('Logto answers again');
    }
  }

  async #rotate(to: 'ES384' | 'RS256'): Promise<void> {
    const { logto, desk, load } = this.#stage;
    this.#tell(`Logto rotates its key to ${to}`);
    this.#rotations[this.#isAtFault ? 'fault' : 'calm'] += 1;
    const before = this.#keyIds;
    const from = Date.now();
    await logto.rotateKeys(to);
    await this.#noteKeys(from);
    const withdrawn = before.filter((keyId) => !this.#keyIds.includes(keyId));
    await load.ask('rotated', { tokens: await desk.ofNewKey(), withdrawn });
  }

  /** Records the keys that Logto has, which are read without the front. */
  async #noteKeys(from: number): Promise<void> {
    const { logto, history } = this.#stage;
    const to = Date.now();
    const { keys } = (await (await fetch(`${logto.issuer}/jwks`)).json()) as { keys: { kid: string }[] };
    this.#keyIds = keys.map(({ kid }) => kid);
    history.has(this.#keyIds, from, to);
  }

  async #collect(): Promise<void> {
    this.#ledger.add(await this.#stage.load.ask('collect', undefined));
  }

  async #bringFreshTokens(): Promise<void> {
    const { desk, load } = this.#stage;
    const asked = Array.from({ length: freshTokensABeat }, () => desk.fresh());
    await load.ask('take', await Promise.all(asked));
  }

  async #sampleHeap(): Promise<void> {
    this.#heap.push({ at: Date.now(), bytes: await this.#stage.api.ask('heap', undefined) });
  }
}

async function repeatedly(ms: number, over: AbortSignal, action: () => Promise<void>): Promise<void> {
  while (!over.aborted) {
    await action();
    await pause(ms, over);
  }
}

/** Waits. Ends early, without an error, when the signal is aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => {});
}
