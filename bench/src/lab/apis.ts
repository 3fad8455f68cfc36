import type { Setting } from '../contestants/contestant.js';
import type { Contestant } from '../contestants/index.js';
import type { Api } from '../processes/api.js';
import { Child } from './child.js';

/** A contestant's API in its own process. */
export interface RunningApi {
  readonly port: number;
  processorTime(): Promise<number>;
  stop(): Promise<void>;
}

export async function startApi(contestant: Contestant, setting: Setting): Promise<RunningApi> {
  const child = new Child<Api>('api', [contestant]);
  const port = await child.ask('start', setting);
  return {
    port,
    processorTime: () => child.ask('processorTime', null),
    stop: () => child.stop(),
  };
}

/** The APIs of all of these, stopped when the work is done. */
export async function withApis<Name extends Contestant, Result>(
  contestants: readonly Name[],
  setting: Setting,
  work: (apis: Record<Name, RunningApi>) => Promise<Result>,
): Promise<Result> {
  const apis = {} as Record<Name, RunningApi>;
  try {
    for (const name of contestants) apis[name] = await startApi(name, setting);
    return await work(apis);
  } finally {
    await Promise.all(Object.values<RunningApi>(apis).map((api) => api.stop()));
  }
}
