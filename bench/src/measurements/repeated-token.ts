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
      'the others, each reading a fifth of a second; a ratio is of two readings of one round. The three fastest are ' +
      'started anew every 10 rounds: two processes of the same program differ by up to a tenth.',
    bounds:
      'What bounds it: in a process that does little else a digest takes 0.6 µs, between two requests, its code and data ' +
      'driven out of the processor’s caches, about 3; the rest of the guard likewise. And Express changes the prototype of each request, and before Node 24 every field that such an object ' +
      'gets afterwards, `req.auth` too, costs V8 a hidden class for that one object. A private field for `getAuth` cost as ' +
      'much again, and is a WeakMap now; one on `req.rawHeaders` instead saved about a hundredth, not enough for what it ' +
      "is. An accessor on Express's request prototype cost less and was taken back, since " +
      '`"auth" in req` was then true for every request of the process. To know a token again by its text would save the ' +
      'digest, but tokens would lie in memory.',
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

/** Two processes of the same program differ by more than what is measured: where their memory lies is chance. */
const PROCESSES = 12;

async function measure(alg: string, { quick }: Scale): Promise<Record<Contestant, Rates>> {
  const issuer = await Issuer.start(alg);
  const token = await issuer.token();
  const load = new Child<Load>('load');

  /** Readings of fresh processes, warmed up. */
  async function read<Name extends Contestant>(names: readonly Name[], rounds: number) {
    return await withApis(names, issuer.setting, async (apis) => {
      const repeat = (name: Name, seconds: number) =>
        load.ask('repeat', { port: apis[name].port, token, connections: 20, seconds });
      for (const name of names) await repeat(name, 1.5);
      return await interleave(names, rounds, (name) => repeat(name, 0.2));
    });
  }

  try {
    const rates = Object.fromEntries(ALL.map((name) => [name, { rate: [], share: [] }])) as unknown as Record<
      Contestant,
      { rate: number[]; share: number[] }
    >;
    const add = (names: readonly Contestant[], readings: Record<Contestant, number[]>) => {
      for (const name of names) {
        rates[name].rate.push(...readings[name]);
        rates[name].share.push(...ratios(readings[name], readings.open));
      }
    };
    for (let i = 0; i < (quick ? 1 : PROCESSES); i += 1) add(NEAR, await read(NEAR, quick ? 2 : 10));
    add(FAR, await read<Contestant>(['open', ...FAR], quick ? 2 : 20));
    return rates;
  } finally {
    await load.stop();
    issuer.stop();
  }
}
