import { CONTESTANTS, type Contestant, PEERS } from '../contestants/index.js';
import { type Pace, paceOf, withApis } from '../lab/apis.js';
import { Child } from '../lab/child.js';
import { Issuer } from '../lab/issuer.js';
import { NODES, type Node } from '../lab/nodes.js';
import { interleave, ratios, summarize } from '../lab/statistics.js';
import type { Load } from '../processes/load.js';
import { ratio, withRange } from '../report/format.js';
import type { Measure, Row, Scale, Table, Verdict } from './measurement.js';

/** Read on each Node, for their ratio is in question; the other peers on one. */
const NEAR = ['sample', 'ours', 'check-alone'] as const satisfies Contestant[];
const OTHERS = PEERS.filter((name) => name !== 'sample');
/** Tokens a reading. */
const SIZE = 400;
const ROUNDS = 30;

/** Where no cache helps: each request brings a token never seen before. */
export const newTokens: Measure = async (scale) => {
  const verdicts: Verdict[] = [];
  const tables: Table[] = [];
  const rows: Row[] = [];
  for (const node of NODES) {
    const isFirst = node === NODES[0];
    const names: Contestant[] = [...NEAR, ...scale.before, ...(isFirst ? OTHERS : [])];
    const paces = await measure(node, names, scale);
    const all = (name: Contestant, by: keyof Pace) => (paces[name] ?? []).map((pace) => pace[by]);
    const of = (name: Contestant, over: Contestant, by: keyof Pace) =>
      summarize(ratios(all(name, by), all(over, by)));
    const columns = [
      "of the sample's",
      'requests per processor second',
      "of the sample's by the clock",
      'requests/s',
    ];
    tables.push({
      columns: [`Node ${node}`, ...columns],
      rows: names.map((name) => [
        CONTESTANTS[name],
        withRange(of(name, 'sample', 'byProcessor'), ratio),
        withRange(summarize(all(name, 'byProcessor'))),
        withRange(of(name, 'sample', 'byClock'), ratio),
        withRange(summarize(all(name, 'byClock'))),
      ]),
    });
    const seen = of('ours', 'sample', 'byProcessor');
    verdicts.push({
      claim: `New tokens, Node ${node}: at least 0.98 of the sample's rate`,
      seen: withRange(seen, ratio),
      holds: seen.median >= 0.98,
    });
    if (!isFirst) continue;
    const share = (name: Contestant) => of(name, 'sample', 'byProcessor').median;
    const best = OTHERS.toSorted((a, b) => share(b) - share(a))[0] as Contestant;
    rows.push({
      what: 'Every request a new token: requests, of the sample’s',
      ours: ratio(share('ours')),
      best: `${ratio(share(best))}, ${best}`,
      sample: ratio(1),
    });
  }
  return {
    title: 'Every request a new token',
    rows,
    how:
      `Different tokens, ES384, ${ROUNDS} rounds of ${SIZE}, 20 connections; every contestant gets the same tokens. A ratio ` +
      'is of two readings of one round, requests per second of processor time that all threads of the API took. Libraries ' +
      'that check signatures on the main thread (aws-jwt-verify, express-jwt, fast-jwt) hold up every other request while ' +
      'they do; the others use the thread pool, so that two processors work for one API. "The check of the signature ' +
      'alone" is a guard that does nothing else on the pool, and parses the claims.',
    bounds:
      'What is left is the check itself, nine tenths of all. With the key in an object beside its parameters Node 24 took ' +
      'two thrown errors to find out what it had been given, a quarter of the main thread’s work; so the parameters are ' +
      'members of the key now. A check on the main thread, as aws-jwt-verify makes it, saves the way to the thread pool and ' +
      'back, and so takes less processor time; by the clock it is far behind. Checking through jose, which takes each token ' +
      'apart again, was tried, and cost more than every other step together.',
    verdicts,
    tables,
  };
};

async function measure(
  node: Node,
  names: readonly Contestant[],
  { quick }: Scale,
): Promise<Partial<Record<Contestant, Pace[]>>> {
  const rounds = quick ? 2 : ROUNDS;
  const issuer = await Issuer.start('ES384');
  const batches: string[][] = [];
  for (let i = 0; i < rounds + 1; i += 1) batches.push(await issuer.tokens(SIZE));
  const load = new Child<Load>('load');
  try {
    const work = async (apis: Parameters<Parameters<typeof withApis>[2]>[0]) => {
      const send = (name: Contestant, round: number) =>
        paceOf(apis[name], SIZE, () =>
          load.ask('each', { port: apis[name].port, tokens: batches[round] ?? [], connections: 20 }),
        );
      for (const name of names) await send(name, rounds);
      return interleave(names, rounds, send);
    };
    return await withApis(names, issuer.setting, work, { node });
  } finally {
    await load.stop();
    issuer.stop();
  }
}
