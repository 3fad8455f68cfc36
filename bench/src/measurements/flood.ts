import { availableParallelism } from 'node:os';
import { CONTESTANTS, type Contestant, PEERS } from '../contestants/index.js';
import { withApis } from '../lab/apis.js';
import { Child } from '../lab/child.js';
import { Issuer } from '../lab/issuer.js';
import { interleave, percentile, ratios, summarize } from '../lab/statistics.js';
import type { Caller } from '../processes/caller.js';
import type { Load } from '../processes/load.js';
import { number, ratio, withRange } from '../report/format.js';
import type { Measure } from './measurement.js';

const NAMES: Contestant[] = ['sample', 'ours', ...PEERS];

/** Measures the effect of a flood of forged tokens on a valid caller. */
export const flood: Measure = async ({ quick }) => {
  const seconds = quick ? 1 : 3;
  const issuer = await Issuer.start('ES384');
  const token = await issuer.token();
  const [flooder, caller] = [new Child<Load>('load'), new Child<Caller>('caller')];
  const seen = await withApis(NAMES, issuer.setting, async (apis) => {
    for (const name of NAMES) await caller.ask('call', { port: apis[name].port, token, seconds: 0.5 });
    return interleave(NAMES, quick ? 1 : 4, async (name) => {
      const { port } = apis[name];
      // The flood begins before the caller, and ends after it.
      const running = flooder.ask('forged', { port, token, connections: 50, seconds: seconds + 1.2 });
      await new Promise((resolve) => setTimeout(resolve, 700));
      const latencies = await caller.ask('call', { port, token, seconds });
      return { p50: percentile(latencies, 50), p99: percentile(latencies, 99), forged: await running };
    });
  });
  await Promise.all([flooder.stop(), caller.stop()]);
  issuer.stop();
  const all = (name: Contestant, what: 'p50' | 'p99' | 'forged') => seen[name].map((one) => one[what]);
  const middle = summarize(ratios(all('ours', 'p50'), all('sample', 'p50')));
  const worst = summarize(ratios(all('ours', 'p99'), all('sample', 'p99')));
  const wait = (name: Contestant) => summarize(all(name, 'p50')).median;
  const best = PEERS.toSorted((a, b) => wait(a) - wait(b))[0] as Contestant;
  return {
    title: 'A flood of forged tokens beside one good caller',
    rows: [
      {
        what: 'Time of a request with a known token in a flood of forged ones, median (less is better)',
        ours: `${number(wait('ours'))} ms`,
        best: `${number(wait(best))} ms, ${best}`,
        sample: `${number(wait('sample'))} ms`,
      },
    ],
    how:
      '50 connections send forged tokens: of the right shape, all different, all with a wrong signature. One caller sends ' +
      'requests with a known valid token, one at a time; its latency is measured at the caller. The flood and the caller are ' +
      `separate processes and share the machine's ${availableParallelism()} processors with the API.`,
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
          withRange(summarize(all(name, 'p50'))),
          withRange(summarize(all(name, 'p99'))),
          number(summarize(all(name, 'forged')).median),
        ]),
      },
    ],
  };
};
