import { availableParallelism } from 'node:os';
import { Child } from '../lab/child.js';
import { Issuer } from '../lab/issuer.js';
import { interleave, ratios, summarize } from '../lab/statistics.js';
import type { ClusterApi } from '../processes/cluster-api.js';
import type { Load } from '../processes/load.js';
import { ratio, withRange } from '../report/format.js';
import type { Measure } from './measurement.js';

/** Measures several processes. Each has its own cache and keys, so they do not wait for each other. */
export const cluster: Measure = async ({ quick }) => {
  const issuer = await Issuer.start('ES384');
  const token = await issuer.token();
  const load = new Child<Load>('load');
  const names = ['one', 'two'] as const;
  const children = { one: new Child<ClusterApi>('cluster-api'), two: new Child<ClusterApi>('cluster-api') };
  const ports = {
    one: await children.one.ask('start', { setting: issuer.setting, workers: 1 }),
    two: await children.two.ask('start', { setting: issuer.setting, workers: 2 }),
  };
  const send = (name: 'one' | 'two', count: number) =>
    load.ask('repeat', { port: ports[name], token, connections: 40, count });
  for (const name of names) await send(name, 4_000);
  const readings = await interleave(names, quick ? 1 : 6, (name) => send(name, quick ? 2_000 : 10_000));
  await Promise.all([load.stop(), children.one.stop(), children.two.stop()]);
  issuer.stop();
  const gain = summarize(ratios(readings.two, readings.one));
  return {
    title: 'Two processes under node:cluster',
    how:
      `A repeated token, 40 connections. This machine has ${availableParallelism()} processors. The load generator needs ` +
      'one of them, so it can limit the result of two workers. The middleware shares nothing between processes; each ' +
      'fetches its own keys and checks each token once.',
    verdicts: [
      { claim: 'Two processes against one', seen: `${withRange(gain, ratio)} times the requests/s` },
    ],
    tables: [
      {
        columns: ['', 'requests/s'],
        rows: names.map((name) => [
          name === 'one' ? 'one process' : 'two processes',
          withRange(summarize(readings[name])),
        ]),
      },
    ],
  };
};
