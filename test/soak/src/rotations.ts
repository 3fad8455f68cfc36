import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { startChild } from './child.js';
import type { KeyRequests } from './faulty-front.js';
import type { FloodTasks } from './flood-process.js';
import { openStage, type Stage } from './stage.js';
import type { SoakToken } from './tokens.js';

/** The default of `jwksCache.timeout`, in milliseconds. */
const timeout = 5_000;
/** The maximum number of attempts with a valid token that gets 503. */
const mostTries = 3;

/** The result of a valid token: the last status, the number of tries, and the longest try in milliseconds. */
interface Answer {
  status: number;
  tries: number;
  took: number;
}

/** One scene: the responses to the tokens of new keys, and the latency of a token of a held key meanwhile. */
export interface Scene {
  name: string;
  answers: readonly Answer[];
  held: RecordableHistogram;
  /** How often each status occurred in the flood. */
  flood: Readonly<Record<number, number>>;
  /** The minimum fraction of the tokens that must be accepted at the first try. */
  atFirstTry: number;
}

/** The results of the scenes. */
export interface Rotations {
  /** The latency of a token of a held key while nothing happens. */
  calm: RecordableHistogram;
  scenes: readonly Scene[];
  keyRequests: KeyRequests;
}

/**
 * Rotates Logto's key for an API with the default settings: often, and during floods of made-up key ids.
 *
 * @param seconds - the duration of the flood in which the requests for the keys are counted
 */
export async function rotations(seconds: number, tell: (what: string) => void): Promise<Rotations> {
  const stage = await openStage();
  try {
    const { api, logto, front, desk } = stage;
    const url = await api.ask('start', { issuer: logto.issuer, jwksUri: front.url, times: 'default' });
    const actors = new Actors(`${url}/products`, stage, await desk.fresh());
    tell('Nothing happens, for 5 s');
    await actors.warmUp();
    const calm = await actors.meanwhile(() => setTimeout(5_000));
    tell('Logto rotates its key four times, two seconds apart');
    const scenes = [await actors.rotateOften()];
    for (const [perSecond, lasts, atFirstTry] of [
      [300, seconds, 0.99],
      [1_000, 14, 0.9],
    ] as const) {
      tell(`${perSecond} made-up key ids a second, for ${lasts} s; Logto rotates its key in their midst`);
      scenes.push(await actors.rotateInFlood(perSecond, lasts, atFirstTry));
    }
    return { calm, scenes, keyRequests: front.seen() };
  } finally {
    await stage.close();
  }
}

/** Returns what is wrong with the results. */
export function objectionsToRotations({ calm, scenes, keyRequests }: Rotations): string[] {
  return [
    ...scenes.flatMap(({ name, answers, held, atFirstTry }) => [
      answers.length === 0 && `${name}: no token was sent`,
      answers.some(({ status }) => status !== 200) && `${name}: a valid token was refused`,
      firstTries(answers) < atFirstTry * answers.length && `${name}: too few were served at the first try`,
      slowest(answers) > timeout + 1_000 && `${name}: a token waited for longer than the timeout`,
      // A machine that forges a thousand tokens a second adds much noise. A wait for Logto is longer than that.
      held.percentile(50) > 10 * calm.percentile(50) + 20_000 && `${name}: tokens of a held key had to wait`,
    ]),
    keyRequests.mostInASecond > 1 && `the API asked Logto ${keyRequests.mostInASecond} times in one second`,
    keyRequests.mostInAMinute > 25 && `the API asked Logto ${keyRequests.mostInAMinute} times in one minute`,
  ].filter((objection) => objection !== false);
}

/** Returns how many tokens were accepted at the first try. */
export const firstTries = (answers: readonly Answer[]): number =>
  answers.filter(({ status, tries }) => status === 200 && tries === 1).length;

/** Returns the duration of the slowest try, in milliseconds. */
export const slowest = (answers: readonly Answer[]): number =>
  Math.max(0, ...answers.map(({ took }) => took));

class Actors {
  readonly #url: string;
  readonly #stage: Stage;
  #heldToken: SoakToken;

  constructor(url: string, stage: Stage, held: SoakToken) {
    this.#url = url;
    this.#stage = stage;
    this.#heldToken = held;
  }

  /** Sends requests before the measurement, since the first ones are slower. */
  async warmUp(): Promise<void> {
    for (let i = 0; i < 500; i += 1) await this.#call(this.#heldToken);
  }

  async rotateOften(): Promise<Scene> {
    const { desk, logto } = this.#stage;
    const answers: Promise<Answer>[] = [];
    const sending = repeat(200, 2_000, async () => answers.push(this.#call(await desk.fresh())));
    for (let i = 0; i < 4; i += 1) {
      await setTimeout(2_000);
      await logto.rotateKeys('ES384');
    }
    await sending;
    const held = createHistogram();
    return {
      name: 'four rotations, two seconds apart',
      answers: await Promise.all(answers),
      held,
      flood: {},
      atFirstTry: 1,
    };
  }

  async rotateInFlood(perSecond: number, seconds: number, atFirstTry: number): Promise<Scene> {
    const flood = startChild<FloodTasks>('flood-process');
    try {
      // Logto withdraws a key at the second rotation after it.
      this.#heldToken = await this.#stage.desk.fresh();
      await this.#call(this.#heldToken);
      await flood.ask('begin', { url: this.#url, like: this.#heldToken, perSecond });
      const answers: Promise<Answer>[] = [];
      const held = await this.meanwhile(async () => {
        // At that time the interval between the refreshes has reached its maximum.
        await setTimeout((seconds - 7) * 1000);
        await this.#stage.logto.rotateKeys('ES384');
        await repeat(40, 240, async () => answers.push(this.#call(await this.#stage.desk.fresh())));
        await setTimeout(1_000);
      });
      const counts = await flood.ask('end', undefined);
      const name = `${perSecond} made-up key ids a second`;
      return { name, answers: await Promise.all(answers), held, flood: counts, atFirstTry };
    } finally {
      await flood.stop();
    }
  }

  /** Measures the latency of a token of a held key, at most fifty times a second, while an action runs. */
  async meanwhile(action: () => Promise<unknown>): Promise<RecordableHistogram> {
    const histogram = createHistogram();
    let isOver = false;
    const asking = (async () => {
      while (!isOver) {
        const { status, took } = await this.#call(this.#heldToken);
        if (status !== 200) throw new Error(`A token of a held key got ${status}.`);
        histogram.record(Math.max(1, Math.round(took * 1000)));
        await setTimeout(20);
      }
    })();
    await action().finally(() => {
      isOver = true;
    });
    await asking;
    return histogram;
  }

  /** Calls the API like a client that supports Retry-After. */
  async #call({ text }: SoakToken): Promise<Answer> {
    let longest = 0;
    for (let tries = 1; ; tries += 1) {
      const began = performance.now();
      const response = await fetch(this.#url, { headers: { authorization: `Bearer ${text}` } });
      await response.arrayBuffer();
      longest = Math.max(longest, performance.now() - began);
      if (response.status !== 503 || tries === mostTries)
        return { status: response.status, tries, took: longest };
      await setTimeout(Number(response.headers.get('retry-after')) * 1000);
    }
  }
}

/** Starts an action this number of times, at this rate. */
async function repeat(perSecond: number, times: number, action: () => Promise<unknown>): Promise<void> {
  const began = performance.now();
  const actions: Promise<unknown>[] = [];
  while (actions.length < times) {
    const due = Math.min(times, ((performance.now() - began) / 1000) * perSecond);
    while (actions.length < due) actions.push(action());
    await setTimeout(10);
  }
  await Promise.all(actions);
}
