import type { Setting } from '../contestants/contestant.js';
import type { Contestant } from '../contestants/index.js';
import type { Api } from '../processes/api.js';
import { Child } from './child.js';
import type { Node } from './nodes.js';
import type { Pace } from './paces.js';

/** The versions of Node and Express on which an API runs. */
export interface Platform {
  readonly node?: Node;
  /** Default: Express 5. */
  readonly express?: 'express' | 'express-4';
}

/** A contestant's API in its own process. */
export interface RunningApi {
  readonly port: number;
  processorTime(): Promise<number>;
  stop(): Promise<void>;
}

export async function startApi(
  contestant: Contestant,
  setting: Setting,
  { node, express = 'express' }: Platform = {},
): Promise<RunningApi> {
  const child = new Child<Api>('api', { args: [contestant, express], node });
  const port = await child.ask('start', setting);
  return {
    port,
    processorTime: () => child.ask('processorTime', null),
    stop: () => child.stop(),
  };
}

/** Starts the APIs of these contestants, and stops them when the work is done. */
export async function withApis<Name extends Contestant, Result>(
  contestants: readonly Name[],
  setting: Setting,
  work: (apis: Record<Name, RunningApi>) => Promise<Result>,
  platform?: Platform,
): Promise<Result> {
  const apis = {} as Record<Name, RunningApi>;
  try {
    for (const name of contestants) apis[name] = await startApi(name, setting, platform);
    return await work(apis);
  } finally {
    await Promise.all(Object.values<RunningApi>(apis).map((api) => api.stop()));
  }
}

/**
 * Measures the pace of an API.
 *
 * @param count - how many requests are sent
 * @param send - sends them, and returns the requests per second
 */
export async function paceOf(api: RunningApi, count: number, send: () => Promise<number>): Promise<Pace> {
  const before = await api.processorTime();
  const byClock = await send();
  return { byClock, byProcessor: count / ((await api.processorTime()) - before) };
}
