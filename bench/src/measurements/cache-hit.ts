import { CONTESTANTS } from '../contestants/index.js';
import { Child } from '../lab/child.js';
import { Issuer } from '../lab/issuer.js';
import { DEFAULT_NODE, NODES, type Node } from '../lab/nodes.js';
import { interleave, ratios, summarize } from '../lab/statistics.js';
import type { InProcess } from '../processes/in-process.js';
import { ratio, withRange } from '../report/format.js';
import type { Measure, Row, Scale, Table, Verdict } from './measurement.js';

/** fast-jwt's cached verifier alone, without a guard. */
const VERIFIER = 'fast-jwt';
const CALLS = 500;
/** Two processes of the same program differ, so several of each are measured. */
const PROCESSES = 4;

/** Measures the time of the guard alone for a token in the cache. */
export const cacheHit: Measure = async (scale) => {
  const verdicts: Verdict[] = [];
  const tables: Table[] = [];
  const rows: Row[] = [];
  for (const node of NODES) {
    const readings = await measure(node, scale);
    const names = Object.keys(readings) as (keyof typeof readings)[];
    const of = (name: keyof typeof readings) => summarize(ratios(readings[name] ?? [], readings[VERIFIER]));
    const seen = withRange(of('ours'), ratio);
    tables.push({
      columns: [`Node ${node}`, "of fast-jwt's", 'µs a call'],
      rows: names.map((name) => [
        name === VERIFIER ? 'fast-jwt, its cached verifier alone' : CONTESTANTS[name],
        withRange(of(name), ratio),
        withRange(summarize(readings[name] ?? [])),
      ]),
    });
    verdicts.push({
      claim: `The guard on a hit, Node ${node}: at most 0.7 of the time of fast-jwt's cached verifier alone`,
      seen,
      holds: of('ours').median <= 0.7,
    });
    if (scale.before.length > 0) {
      verdicts.push({
        claim: `… of the time that it took before, Node ${node}`,
        seen: withRange(summarize(ratios(readings.ours, readings.before ?? [])), ratio),
      });
    }
    if (node === DEFAULT_NODE) {
      const what =
        "Time of the whole guard for a known token, as a share of that of fast-jwt's cached verifier alone (less is better)";
      rows.push({ what, ours: ratio(of('ours').median), best: '1.00, fast-jwt', sample: 'has no cache' });
    }
  }
  return {
    title: 'The guard alone, on a cache hit',
    rows,
    how:
      'No HTTP. The guard is called with request objects as Node and Express make them; each has its own copy of the token ' +
      "text. fast-jwt's verifier gets the same texts with its cache on and its key in memory. It reads no header, checks no " +
      `scope and marks no request. A reading is ${CALLS} calls.`,
    bounds:
      'Before Node 24 the field `req.auth` takes most of the time: Express changes the prototype of each request, and V8 ' +
      'then makes a hidden class for each field that such an object gets. The WeakMap by which `getAuth` knows the request ' +
      'takes another 0.3 µs there. On Node 20 and 22 the limit guard alone, which does little but set the field, takes about ' +
      '0.7 of the time of fast-jwt’s verifier. A repeated token needs no digest: the guard finds it by the last 12 ' +
      'characters of its signature and compares the whole text. In a server the same steps take two to three times as ' +
      'long, because other code uses the processor’s caches between two requests. An accessor on Express’s request ' +
      'prototype was faster than the field. It was removed because `"auth" in req` was then true for every request.',
    verdicts,
    tables,
  };
};

async function measure(node: Node, { quick, before }: Scale) {
  const issuer = await Issuer.start('ES384');
  const { setting } = issuer;
  const token = await issuer.token();
  const names = [VERIFIER, 'limit', 'ours', ...before] as const;
  type Name = (typeof names)[number];
  const all: Partial<Record<Name, number[]>> = {};
  for (let i = 0; i < (quick ? 1 : PROCESSES); i += 1) {
    const children = new Map(names.map((name) => [name, new Child<InProcess>('in-process', { node })]));
    for (const [contestant, child] of children) {
      if (contestant === VERIFIER) {
        await child.ask('setUpFastJwt', { setting });
      } else {
        await child.ask('setUp', { contestant, setting });
        await child.ask('burst', { token, calls: 1 });
      }
    }
    const read = async (name: Name) => {
      const child = children.get(name) as Child<InProcess>;
      return child.ask(name === VERIFIER ? 'hitFastJwt' : 'hit', { token, calls: CALLS });
    };
    await interleave(names, 60, read);
    const readings = await interleave(names, quick ? 20 : 100, read);
    for (const name of names) all[name] = [...(all[name] ?? []), ...readings[name]];
    await Promise.all([...children.values()].map((child) => child.stop()));
  }
  issuer.stop();
  return all as Record<Exclude<Name, 'before'>, number[]> & { before?: number[] };
}
