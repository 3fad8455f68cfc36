import { CONTESTANTS, type Contestant, PEERS } from '../contestants/index.js';
import { paceOf, withApis } from '../lab/apis.js';
import { Child } from '../lab/child.js';
import { Issuer } from '../lab/issuer.js';
import { DEFAULT_NODE, NODES, type Node } from '../lab/nodes.js';
import { type Pace, Paces } from '../lab/paces.js';
import { interleave } from '../lab/statistics.js';
import type { Load } from '../processes/load.js';
import { ratio, withRange } from '../report/format.js';
import type { Measure, Row, Scale, Table, Verdict } from './measurement.js';

/** The contestants that are measured on each Node. The peers are measured only on one. */
const NEAR = ['sample', 'ours', 'check-alone'] as const satisfies Contestant[];
/** Tokens per reading. */
const SIZE = 400;
const PROCESSES = 6;
const ROUNDS = 6;
/** Batches that are sent before the first reading. */
const WARM_UP = 4;

/** Measures requests with tokens that were never sent before, so that no cache has an effect. */
export const newTokens: Measure = async (scale) => {
  const verdicts: Verdict[] = [];
  const tables: Table[] = [];
  const rows: Row[] = [];
  for (const node of NODES) {
    const isDefault = node === DEFAULT_NODE;
    const names: Contestant[] = [...NEAR, ...scale.before, ...(isDefault ? PEERS : [])];
    const paces = await measure(node, names, scale);
    const columns = [
      "per processor second, of the sample's",
      'requests per processor second',
      "requests/s, of the sample's",
      'requests/s',
    ];
    tables.push({
      columns: [`Node ${node}`, ...columns],
      rows: names.map((name) => [
        CONTESTANTS[name],
        withRange(paces.ratio(name, 'sample'), ratio),
        withRange(paces.of(name)),
        withRange(paces.ratio(name, 'sample', 'byClock'), ratio),
        withRange(paces.of(name, 'byClock')),
      ]),
    });
    const seen = paces.ratio('ours', 'sample');
    verdicts.push({
      claim: `New tokens, Node ${node}: at least 0.98 of the sample's requests per processor second`,
      seen: withRange(seen, ratio),
      holds: seen.median >= 0.98,
    });
    if (scale.before.length > 0) {
      verdicts.push({
        claim: `… of the rate that it had before, Node ${node}`,
        seen: withRange(paces.ratio('ours', 'before'), ratio),
      });
    }
    if (!isDefault) continue;
    const share = (name: Contestant, by: keyof Pace) => ratio(paces.ratio(name, 'sample', by).median);
    const both = (name: Contestant) =>
      `${share(name, 'byProcessor')} (by elapsed time ${share(name, 'byClock')})`;
    const best = PEERS.toSorted(
      (a, b) => paces.ratio(b, 'sample').median - paces.ratio(a, 'sample').median,
    )[0] as Contestant;
    rows.push({
      what: 'A new token with every request: requests, as a share of the sample’s (more is better)',
      ours: both('ours'),
      best: `${both(best)}, ${best}`,
      sample: ratio(1),
    });
  }
  return {
    title: 'Every request a new token',
    rows,
    how:
      `Different tokens, ES384, ${SIZE} a reading, 20 connections; every contestant gets the same tokens. A ratio is of two ` +
      'readings of one round, in requests per second of the processor time of all threads of the API; ' +
      `${PROCESSES * ROUNDS} rounds, each API started anew every ${ROUNDS}. aws-jwt-verify, express-jwt and fast-jwt check ` +
      'signatures on the main thread, which serves no other request meanwhile. The others use the thread pool. "The check ' +
      'of the signature alone" is a guard that only checks the signature on the pool, parses the claims and compares the ' +
      'scope.',
    bounds:
      'The check of the signature takes most of the processor time. Node 24 threw two errors for each check when the key was ' +
      'passed in an object beside its parameters; this was a quarter of the main thread’s work. The parameters are now ' +
      'members of the key. aws-jwt-verify checks on the main thread. This saves the exchange with the thread pool, and so ' +
      'takes less processor time, but it serves far fewer requests per second. A check through jose was tried. jose ' +
      'parses each token again; this cost more than all other steps together.',
    verdicts,
    tables,
  };
};

async function measure(node: Node, names: readonly Contestant[], { quick }: Scale): Promise<Paces> {
  const [processes, rounds, warmUp] = quick ? [1, 2, 1] : [PROCESSES, ROUNDS, WARM_UP];
  const issuer = await Issuer.start('ES384');
  const batches: string[][] = [];
  for (let i = 0; i < warmUp + rounds; i += 1) batches.push(await issuer.tokens(SIZE));
  const load = new Child<Load>('load');
  const paces = new Paces();
  try {
    for (let i = 0; i < processes; i += 1) {
      const readings = await withApis(
        names,
        issuer.setting,
        async (apis) => {
          const send = (name: Contestant, batch: number) =>
            paceOf(apis[name], SIZE, () =>
              load.ask('each', { port: apis[name].port, tokens: batches[batch] ?? [], connections: 20 }),
            );
          for (let batch = 0; batch < warmUp; batch += 1) {
            for (const name of names) await send(name, batch);
          }
          return interleave(names, rounds, (name, round) => send(name, warmUp + round));
        },
        { node },
      );
      paces.add(readings);
    }
    return paces;
  } finally {
    await load.stop();
    issuer.stop();
  }
}
