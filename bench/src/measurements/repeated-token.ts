import { ALL, CONTESTANTS, type Contestant, PEERS } from '../contestants/index.js';
import { withApis } from '../lab/apis.js';
import { Child } from '../lab/child.js';
import { Issuer } from '../lab/issuer.js';
import { interleave, type Readings, ratios, summarize } from '../lab/statistics.js';
import type { Load } from '../processes/load.js';
import { ratio, withRange } from '../report/format.js';
import type { Measure, Scale, Table, Verdict } from './measurement.js';

const ALGORITHMS = ['ES384', 'RS256'];

/** An M2M app sends the same token for an hour. How much of the open route's speed is left? */
export const repeatedToken: Measure = async (scale) => {
  const verdicts: Verdict[] = [];
  const tables: Table[] = [];
  const bars: { alg: string; contestant: string; share: number; ours: boolean }[] = [];
  for (const alg of ALGORITHMS) {
    const readings = await measure(alg, scale);
    const shares = Object.fromEntries(ALL.map((name) => [name, summarize(readings[name].share)])) as Record<
      Contestant,
      Readings
    >;
    tables.push({
      columns: [alg, 'requests/s', "of the open route's"],
      rows: ALL.map((name) => [
        CONTESTANTS[name],
        withRange(summarize(readings[name].rate)),
        withRange(shares[name], ratio),
      ]),
    });
    const best = PEERS.toSorted((a, b) => shares[b].median - shares[a].median)[0] as Contestant;
    verdicts.push(
      {
        claim: `A repeated token, ${alg}: at least 0.95 of the open route's requests/s`,
        seen: withRange(shares.ours, ratio),
        holds: shares.ours.median >= 0.95,
      },
      {
        claim: `… and above every peer, ${alg}`,
        seen: `the best of them, ${best}: ${withRange(shares[best], ratio)}`,
        holds: shares.ours.median > shares[best].median,
      },
    );
    for (const name of ALL.filter((other) => other !== 'open')) {
      bars.push({ alg, contestant: CONTESTANTS[name], share: shares[name].median, ours: name === 'ours' });
    }
  }
  const order = bars.toSorted((a, b) => b.share - a.share).map(({ contestant }) => contestant);
  return {
    title: 'A repeated token',
    how:
      'One Express route, 20 connections, the same token on every request, the open route sent it too. Each API runs in ' +
      'its own process, the load (autocannon) in another. Rounds go in turn, 120 of them for the three fastest and 20 for ' +
      'the others, each reading a fifth of a second; a ratio is of two readings of one round.',
    bounds:
      'What bounds it: Express changes the prototype of each request, and before Node 24 every field that such an object ' +
      'gets afterwards, `req.auth` too, costs V8 a hidden class for that one object. A private field for `getAuth` cost as ' +
      "much again, and is a WeakMap now. An accessor on Express's request prototype cost less and was taken back, since " +
      '`"auth" in req` was then true for every request of the process. The digest is the next largest part.',
    verdicts,
    tables,
    charts: [
      {
        name: 'repeated-token',
        alt: 'Share of the open route’s requests per second that is left behind each guard, for a repeated token',
        spec: {
          title: 'Requests/s with a repeated token, as a share of the unguarded route’s',
          data: { values: bars },
          facet: { column: { field: 'alg', type: 'nominal', title: null } },
          spec: {
            width: 260,
            height: { step: 22 },
            layer: [
              {
                mark: { type: 'bar', height: 14 },
                encoding: {
                  color: {
                    field: 'ours',
                    type: 'nominal',
                    legend: null,
                    scale: { domain: [true, false], range: ['#5d34f2', '#b8b5c6'] },
                  },
                },
              },
              {
                mark: { type: 'text', align: 'left', dx: 4 },
                encoding: { text: { field: 'share', type: 'quantitative', format: '.2f' } },
              },
            ],
            encoding: {
              y: { field: 'contestant', type: 'nominal', sort: order, title: null },
              x: {
                field: 'share',
                type: 'quantitative',
                title: null,
                scale: { domain: [0, 1.1] },
                axis: { values: [0, 0.25, 0.5, 0.75, 1], format: '.2f' },
              },
            },
          },
        },
      },
    ],
  };
};

/** The open route, this package and who comes near them are read often, for their ratio is in question. */
const NEAR: Contestant[] = ['open', 'ours', 'fast-jwt'];
const FAR = ALL.filter((name) => !NEAR.includes(name));

interface Rates {
  readonly rate: readonly number[];
  /** Of the open route's, read just before or after. */
  readonly share: readonly number[];
}

async function measure(alg: string, { quick }: Scale): Promise<Record<Contestant, Rates>> {
  const issuer = await Issuer.start(alg);
  const token = await issuer.token();
  const load = new Child<Load>('load');
  try {
    return await withApis(ALL, issuer.setting, async (apis) => {
      const read = (name: Contestant, seconds = 0.2) =>
        load.ask('repeat', { port: apis[name].port, token, connections: 20, seconds });
      for (const name of ALL) await read(name, 1.5);
      const near = await interleave(NEAR, quick ? 2 : 120, (name) => read(name));
      const far = await interleave<Contestant>(['open', ...FAR], quick ? 2 : 20, (name) => read(name));
      const rates = {} as Record<Contestant, Rates>;
      for (const name of NEAR) rates[name] = { rate: near[name], share: ratios(near[name], near.open) };
      for (const name of FAR) rates[name] = { rate: far[name], share: ratios(far[name], far.open) };
      return rates;
    });
  } finally {
    await load.stop();
    issuer.stop();
  }
}
