import { CONTESTANTS, type Contestant, PEERS } from '../contestants/index.js';
import { type Platform, paceOf, withApis } from '../lab/apis.js';
import { Child } from '../lab/child.js';
import { Issuer } from '../lab/issuer.js';
import { DEFAULT_NODE, type Node } from '../lab/nodes.js';
import { Paces } from '../lab/paces.js';
import { interleave, type Readings } from '../lab/statistics.js';
import type { Load } from '../processes/load.js';
import { ratio, withRange } from '../report/format.js';
import type { Chart, Measure, Row, Scale, Table, Verdict } from './measurement.js';

interface Setting extends Required<Platform> {
  readonly title: string;
  readonly alg: 'ES384' | 'RS256';
  /** Whether the goals apply to it, and all peers are measured. */
  readonly whole: boolean;
}

const SETTINGS: readonly Setting[] = [
  { title: 'Node 24', node: '24', express: 'express', alg: 'ES384', whole: true },
  { title: 'Node 22', node: '22', express: 'express', alg: 'ES384', whole: true },
  { title: 'Node 20', node: '20', express: 'express', alg: 'ES384', whole: true },
  { title: 'Node 24, RS256', node: '24', express: 'express', alg: 'RS256', whole: true },
  { title: 'Node 24, Express 4', node: '24', express: 'express-4', alg: 'ES384', whole: false },
];

/** The contestants that are measured often, because small differences between them matter. */
const NEAR = ['open', 'limit', 'ours', 'fast-jwt'] as const satisfies Contestant[];
const FAR: Contestant[] = ['sample', ...PEERS.filter((name) => name !== 'fast-jwt')];

/** Memory layout differs randomly between processes of one program, and has more effect than what is measured here. */
const PROCESSES = 12;
const FAR_PROCESSES = 3;
const ROUNDS = 10;
/** Requests per reading, so that each reading takes some tenths of a second. */
const COUNTS: Record<Node, number> = { '24': 6_000, '22': 3_000, '20': 3_000 };
/** Requests per reading for contestants that verify the token in each request. */
const FAR_COUNT = 400;

/** Measures how fast a route is compared with an open route if the same token is sent repeatedly, as M2M apps do. */
export const repeatedToken: Measure = async (scale) => {
  const verdicts: Verdict[] = [];
  const tables: Table[] = [];
  const rows: Row[] = [];
  const bars: Bar[] = [];
  for (const setting of SETTINGS) {
    const groups = await measure(setting, scale);
    const names = [...new Set(groups.flatMap((group) => group.names))];
    const groupOf = (name: Contestant) => groups.find((group) => group.names.includes(name)) as Paces;
    const of = (name: Contestant, over: 'open' | 'limit') => groupOf(name).ratio(name, over);
    tables.push({
      columns: [
        setting.title,
        "of the limit's",
        "of the open route's",
        'requests per processor second',
        'requests/s',
      ],
      rows: names.map((name) => [
        CONTESTANTS[name],
        withRange(of(name, 'limit'), ratio),
        withRange(of(name, 'open'), ratio),
        withRange(groupOf(name).of(name)),
        withRange(groupOf(name).of(name, 'byClock')),
      ]),
    });
    if (!setting.whole) continue;
    const best = PEERS.toSorted((a, b) => of(b, 'limit').median - of(a, 'limit').median)[0] as Contestant;
    verdicts.push(...judge(setting.title, of('ours', 'limit'), best, of(best, 'limit')));
    if (scale.before.length > 0) {
      verdicts.push({
        claim: `… of the rate that it had before, ${setting.title}`,
        seen: withRange(groupOf('ours').ratio('ours', 'before'), ratio),
      });
    }
    rows.push({
      what: `Share of the unguarded route’s requests that is left, a repeated token, ${setting.title} (more is better)`,
      ours: ratio(of('ours', 'open').median),
      best: `${ratio(of(best, 'open').median)}, ${best}`,
      sample: ratio(of('sample', 'open').median),
    });
    if (setting.title !== `Node ${DEFAULT_NODE}`) continue;
    for (const name of names.filter((other) => other !== 'open' && other !== 'before')) {
      const kind = name === 'ours' || name === 'limit' ? name : 'peer';
      bars.push({ contestant: CONTESTANTS[name], share: of(name, 'open').median, kind });
    }
  }
  return {
    title: 'A repeated token',
    rows,
    how:
      'Each API has one Express route. 20 connections send the same token with every request, also to the open route. The ' +
      'limit guard reads the header, looks the whole token up in a Map, sets `req.auth` and calls `next`. Each API and the ' +
      'load generator (autocannon) have their own processes. A ratio is of two readings of one round, in requests per ' +
      'second of the processor time of all threads of the API. The open route, the limit guard, express-logto-m2m and ' +
      `fast-jwt have ${PROCESSES * ROUNDS} rounds, each API started anew every ${ROUNDS}, since two processes of one program ` +
      `differ. The others have ${FAR_PROCESSES * ROUNDS} such rounds, with an open route and a limit guard of their own; the ` +
      'table shows those of the first group.',
    verdicts,
    tables,
    charts: [chart(bars)],
  };
};

interface Bar {
  readonly contestant: string;
  readonly share: number;
  readonly kind: string;
}

function judge(title: string, ours: Readings, best: Contestant, theirs: Readings): Verdict[] {
  return [
    {
      claim: `A repeated token, ${title}: at least 0.97 of the limit guard's requests per processor second`,
      seen: withRange(ours, ratio),
      holds: ours.median >= 0.97,
    },
    {
      claim: `… and above every peer, ${title}`,
      seen: `the best of them, ${best}: ${withRange(theirs, ratio)}`,
      holds: ours.median > theirs.median,
    },
  ];
}

async function measure({ alg, whole, ...platform }: Setting, { quick, before }: Scale): Promise<Paces[]> {
  const issuer = await Issuer.start(alg);
  const token = await issuer.token();
  const load = new Child<Load>('load');

  /** Takes readings of new processes after a warm-up. */
  async function read(group: Paces, names: readonly Contestant[], rounds: number): Promise<void> {
    const readings = await withApis(
      names,
      issuer.setting,
      async (apis) => {
        const countOf = (name: Contestant) => (FAR.includes(name) ? FAR_COUNT : COUNTS[platform.node]);
        const repeat = (name: Contestant, count: number) =>
          paceOf(apis[name], count, () =>
            load.ask('repeat', { port: apis[name].port, token, connections: 20, count }),
          );
        for (const name of names) await repeat(name, 3 * countOf(name));
        return await interleave(names, rounds, (name) => repeat(name, countOf(name)));
      },
      platform,
    );
    group.add(readings);
  }

  try {
    const [processes, farProcesses, rounds] = quick ? [1, 1, 2] : [PROCESSES, FAR_PROCESSES, ROUNDS];
    const near = new Paces();
    const far = new Paces();
    for (let i = 0; i < processes; i += 1) await read(near, [...NEAR, ...before], rounds);
    for (let i = 0; whole && i < farProcesses; i += 1) await read(far, ['open', 'limit', ...FAR], rounds);
    return [near, far];
  } finally {
    await load.stop();
    issuer.stop();
  }
}

function chart(bars: readonly Bar[]): Chart {
  const order = bars.toSorted((a, b) => b.share - a.share).map(({ contestant }) => contestant);
  return {
    name: 'repeated-token',
    alt: 'Share of the unguarded route’s requests that each guard leaves, a repeated token on Node 24',
    spec: {
      title:
        'Share of the unguarded route’s requests that is left, by processor time (a repeated token, ES384, Node 24)',
      data: { values: [...bars] },
      width: 420,
      height: { step: 22 },
      layer: [
        {
          mark: { type: 'bar', height: 14 },
          encoding: {
            color: {
              field: 'kind',
              type: 'nominal',
              legend: null,
              scale: { domain: ['ours', 'limit', 'peer'], range: ['#5d34f2', '#dddbe6', '#b8b5c6'] },
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
  };
}
