import { CONTESTANTS, type Contestant, PEERS } from '../contestants/index.js';
import { withApis } from '../lab/apis.js';
import { Child } from '../lab/child.js';
import { Issuer } from '../lab/issuer.js';
import { interleave, percentile, ratios, summarize } from '../lab/statistics.js';
import type { Caller } from '../processes/caller.js';
import type { Load } from '../processes/load.js';
import { number, ratio, withRange } from '../report/format.js';
import type { Measure } from './measurement.js';

const NAMES: Contestant[] = ['sample', 'ours', ...PEERS.filter((name) => name !== 'sample')];

/** Somebody sends forged tokens without end. What does an honest caller notice? */
export const flood: Measure = async ({ quick }) => {
  const seconds = quick ? 1 : 3;
  const issuer = await Issuer.start('ES384');
  const token = await issuer.token();
  const [flooder, caller] = [new Child<Load>('load'), new Child<Caller>('caller')];
  const p99 = Object.fromEntries(NAMES.map((name) => [name, [] as number[]]));
  const forged = Object.fromEntries(NAMES.map((name) => [name, [] as number[]]));
  const p50 = await withApis(NAMES, issuer.setting, async (apis) => {
    for (const name of NAMES) await caller.ask('call', { port: apis[name].port, token, seconds: 0.5 });
    return interleave(NAMES, quick ? 1 : 4, async (name) => {
      const { port } = apis[name];
      // It begins before the caller does, and ends after it.
      const running = flooder.ask('forged', { port, token, connections: 50, seconds: seconds + 1.2 });
      await new Promise((resolve) => setTimeout(resolve, 700));
      const latencies = await caller.ask('call', { port, token, seconds });
      forged[name]?.push(await running);
      p99[name]?.push(percentile(latencies, 99));
      return percentile(latencies, 50);
    });
  });
  await Promise.all([flooder.stop(), caller.stop()]);
  issuer.stop();
  const middle = summarize(ratios(p50.ours, p50.sample));
  const worst = summarize(ratios(p99['ours'] ?? [], p99['sample'] ?? []));
  const wait = (name: Contestant) => summarize(p50[name]).median;
  const best = PEERS.toSorted((a, b) => wait(a) - wait(b))[0] as Contestant;
  return {
    title: 'A flood of forged tokens beside one good caller',
    rows: [
      {
        what: 'How long a caller with a known token waits in a flood of forged ones',
        ours: `${number(wait('ours'))} ms`,
        best: `${number(wait(best))} ms, ${best}`,
        sample: `${number(wait('sample'))} ms`,
      },
    ],
    how:
      'Forged tokens of the right shape, all different, all with a wrong signature, on 50 connections; beside them one ' +
      'caller with a valid token that was seen before, one request at a time. Its latency in milliseconds, as it sees it. ' +
      'Flood and caller are processes of their own, which share the two processors with the API.',
    verdicts: [
      {
        claim: "The good caller's p50 in a flood: at most half of that behind the sample",
        seen: withRange(middle, ratio),
        holds: middle.median <= 0.5,
      },
      {
        claim: '… p99: at most two thirds',
        seen: withRange(worst, ratio),
        holds: worst.median <= 2 / 3,
      },
    ],
    tables: [
      {
        columns: ['', 'p50, ms', 'p99, ms', 'forged tokens refused/s'],
        rows: NAMES.map((name) => [
          CONTESTANTS[name],
          withRange(summarize(p50[name])),
          withRange(summarize(p99[name] ?? [])),
          number(summarize(forged[name] ?? []).median),
        ]),
      },
    ],
  };
};
