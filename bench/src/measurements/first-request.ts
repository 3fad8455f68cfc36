import { get } from 'node:http';
import { CONTESTANTS, type Contestant } from '../contestants/index.js';
import { startApi } from '../lab/apis.js';
import { Issuer } from '../lab/issuer.js';
import { NODES, type Node } from '../lab/nodes.js';
import { interleave, type Readings, summarize } from '../lab/statistics.js';
import { number, withRange } from '../report/format.js';
import type { Measure, Row, Scale, Table } from './measurement.js';

/** How far away the keys are, in milliseconds. */
const DISTANCE = 20;

/** A contestant, or this package where `ready()` is awaited before the API listens. */
type Name = Contestant | 'ours, ready';

interface Start {
  /** From the start of the process to the end of the first answer, in milliseconds. */
  readonly whole: number;
  /** The request alone. */
  readonly request: number;
}

/** What the first caller of a process just started waits for. */
export const firstRequest: Measure = async (scale) => {
  const tables: Table[] = [];
  const rows: Row[] = [];
  for (const node of NODES) {
    const names: Name[] = ['open', 'sample', 'ours', 'ours, ready', ...scale.before, 'fast-jwt', 'mcp-auth'];
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
    if (node !== NODES[0]) continue;
    const best = (['fast-jwt', 'mcp-auth'] as const).toSorted(
      (a, b) => more(a).median - more(b).median,
    )[0] as Contestant;
    rows.push({
      what: `From the start of a process to the first 200, keys ${DISTANCE} ms away: more than without a guard`,
      ours: `${number(more('ours').median)} ms`,
      best: `${number(more(best).median)} ms, ${best}`,
      sample: `${number(more('sample').median)} ms`,
    });
  }
  return {
    title: 'The first request',
    rows,
    how:
      `From the start of a process to its first 200, the keys ${DISTANCE} ms away; each reading is a new process, which ` +
      'imports Express and the guard, listens, and gets one request with a valid token as soon as it does. Where ' +
      '`ready()` is awaited before it listens, the first caller does not wait for the keys.',
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
