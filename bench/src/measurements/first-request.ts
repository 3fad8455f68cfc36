import { get } from 'node:http';
import { CONTESTANTS, type Contestant, PEERS } from '../contestants/index.js';
import { startApi } from '../lab/apis.js';
import { Issuer } from '../lab/issuer.js';
import { DEFAULT_NODE, NODES, type Node } from '../lab/nodes.js';
import { interleave, type Readings, summarize } from '../lab/statistics.js';
import { number, withRange } from '../report/format.js';
import type { Measure, Row, Scale, Table } from './measurement.js';

/** The delay of the issuer's responses, in milliseconds. */
const DISTANCE = 20;

/** A contestant, or this package with `ready()` awaited before the API listens. */
type Name = Contestant | 'ours, ready';

interface Start {
  /** The time from the start of the process to the end of the first response, in milliseconds. */
  readonly whole: number;
  /** The time of the request alone, in milliseconds. */
  readonly request: number;
}

/** Measures how long the first caller of a newly started process waits. */
export const firstRequest: Measure = async (scale) => {
  const tables: Table[] = [];
  const rows: Row[] = [];
  for (const node of NODES) {
    const peers = node === DEFAULT_NODE ? PEERS : [];
    const names: Name[] = ['open', 'ours', 'ours, ready', ...scale.before, 'sample', ...peers];
    const starts = await measure(node, names, scale);
    const more = (name: Name): Readings =>
      summarize((starts[name] ?? []).map(({ whole }, i) => whole - (starts.open?.[i]?.whole ?? Number.NaN)));
    const all = (name: Name, part: keyof Start) =>
      summarize((starts[name] ?? []).map((start) => start[part]));
    tables.push({
      columns: [
        `Node ${node}`,
        'from the start, ms',
        'more than the open route, ms',
        'the request alone, ms',
      ],
      rows: names.map((name) => [
        name === 'ours, ready' ? `${CONTESTANTS.ours}, after \`ready()\`` : CONTESTANTS[name],
        withRange(all(name, 'whole')),
        withRange(more(name)),
        withRange(all(name, 'request')),
      ]),
    });
    if (node !== DEFAULT_NODE) continue;
    // The keys are passed to aws-jwt-verify, so it does not wait for them.
    const best = PEERS.filter((name) => name !== 'aws-jwt-verify').toSorted(
      (a, b) => more(a).median - more(b).median,
    )[0] as Contestant;
    rows.push({
      what: `Time from the start of a process to the first 200 beyond the unguarded API’s, keys ${DISTANCE} ms away (less is better)`,
      ours: `${number(more('ours').median)} ms`,
      best: `${number(more(best).median)} ms, ${best}`,
      sample: `${number(more('sample').median)} ms`,
    });
  }
  return {
    title: 'The first request',
    rows,
    how:
      `From the start of a process to its first 200, the keys ${DISTANCE} ms away. Each reading is a new process that ` +
      'imports Express and the guard, listens, and at once gets one request with a valid token. If the app awaits ' +
      '`ready()` before it listens, the first caller does not wait for the keys. aws-jwt-verify is given the keys.',
    bounds:
      'Half of this time is spent on the fetch of the keys. The first `fetch` of a process loads Node’s own HTTP client, which takes 19 ms ' +
      'more than `http.get` on Node 20 and 4 ms more on Node 22 and 24. It is used nevertheless, so that proxies, test ' +
      'doubles and the option `fetch` apply to the keys.',
    verdicts: [],
    tables,
  };
};

async function measure(
  node: Node,
  names: readonly Name[],
  { quick }: Scale,
): Promise<Partial<Record<Name, Start[]>>> {
  const issuer = await Issuer.start('ES384');
  issuer.distance = DISTANCE;
  const token = await issuer.token();
  const read = async (name: Name): Promise<Start> => {
    const began = performance.now();
    const ready = name === 'ours, ready';
    const api = await startApi(ready ? 'ours' : name, { ...issuer.setting, ready }, { node });
    const sent = performance.now();
    await request(api.port, token);
    const ended = performance.now();
    await api.stop();
    return { whole: ended - began, request: ended - sent };
  };
  await interleave(names, 1, read);
  const starts = await interleave(names, quick ? 2 : 20, read);
  issuer.stop();
  return starts;
}

function request(port: number, token: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    get({ port, host: '127.0.0.1', path: '/products', agent: false, headers })
      .on('error', reject)
      .on('response', (res) => {
        if (res.statusCode !== 200) reject(new Error(`The first request got ${res.statusCode}.`));
        res.resume().on('end', resolve);
      });
  });
}
