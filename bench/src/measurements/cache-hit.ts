import { CONTESTANTS } from '../contestants/index.js';
import { Child } from '../lab/child.js';
import { Issuer } from '../lab/issuer.js';
import { NODES, type Node } from '../lab/nodes.js';
import { interleave, ratios, summarize } from '../lab/statistics.js';
import type { InProcess } from '../processes/in-process.js';
import { ratio, withRange } from '../report/format.js';
import type { Measure, Row, Scale, Table, Verdict } from './measurement.js';

const GUARDS = ['limit', 'ours'] as const;
/** fast-jwt's cached verifier alone, with no guard around it. */
const VERIFIER = 'fast-jwt';
const CALLS = 500;

/** What the guard itself takes where the token is known. */
export const cacheHit: Measure = async (scale) => {
  const verdicts: Verdict[] = [];
  const tables: Table[] = [];
  const rows: Row[] = [];
  for (const node of NODES) {
    const readings = await measure(node, scale);
    const names = Object.keys(readings) as (keyof typeof readings)[];
    const of = (name: keyof typeof readings) => summarize(ratios(readings[name], readings[VERIFIER]));
    const seen = withRange(of('ours'), ratio);
    tables.push({
      columns: [`Node ${node}`, "of fast-jwt's", 'µs a call'],
      rows: names.map((name) => [
        name === VERIFIER ? 'fast-jwt, its cached verifier alone' : CONTESTANTS[name],
        withRange(of(name), ratio),
        withRange(summarize(readings[name])),
      ]),
    });
    verdicts.push({
      claim: `The guard on a hit, Node ${node}: at most 0.7 of the time of fast-jwt's cached verifier alone`,
      seen,
      holds: of('ours').median <= 0.7,
    });
    if (node === NODES[0]) {
      const what = "Time of the whole guard for a known token, of that of fast-jwt's cached verifier alone";
      rows.push({ what, ours: ratio(of('ours').median), best: '1.00, fast-jwt', sample: 'verifies anew' });
    }
  }
  return {
    title: 'The guard alone, on a cache hit',
    rows,
    how:
      'No HTTP: the guard is called with requests that are objects as Node and Express make them, each with a token text ' +
      "of its own, and calls `next`. fast-jwt's verifier, its cache on, gets the same texts and its key in memory, and has " +
      `no header to read, no scope to check and no request to mark. ${CALLS} calls a reading, readings in turn.`,
    bounds:
      'Before Node 24 most of it is the field `req.auth`: Express changes the prototype of each request, and every field ' +
      'that such an object gets afterwards then costs V8 a hidden class for that one object. The digest of the token is ' +
      'spared where the same text came before: it is found by the last 12 characters of its signature and compared as a ' +
      'whole. Between two requests of a server the same steps take two to three times as long, since their code and data ' +
      'are driven out of the processor’s caches. An accessor on Express’s request prototype cost less than the field and ' +
      'was taken back, since `"auth" in req` was then true for every request of the process.',
    verdicts,
    tables,
  };
};

async function measure(node: Node, { quick, before }: Scale) {
  const issuer = await Issuer.start('ES384');
  const { setting } = issuer;
  const token = await issuer.token();
  const names = [VERIFIER, ...GUARDS, ...before] as const;
  const children = new Map(names.map((name) => [name, new Child<InProcess>('in-process', { node })]));
  for (const [contestant, child] of children) {
    if (contestant === VERIFIER) {
      await child.ask('setUpFastJwt', { setting });
    } else {
      await child.ask('setUp', { contestant, setting });
      await child.ask('burst', { token, calls: 1 });
    }
  }
  const read = async (name: (typeof names)[number]) => {
    const child = children.get(name) as Child<InProcess>;
    return name === VERIFIER
      ? child.ask('hitFastJwt', { token, calls: CALLS })
      : child.ask('hit', { tokens: [token], calls: CALLS });
  };
  await interleave(names, 60, read);
  const readings = await interleave(names, quick ? 20 : 400, read);
  await Promise.all([...children.values()].map((child) => child.stop()));
  issuer.stop();
  return readings;
}
