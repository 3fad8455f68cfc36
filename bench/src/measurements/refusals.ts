import { CONTESTANTS, type Contestant, PEERS } from '../contestants/index.js';
import { Child } from '../lab/child.js';
import { Issuer } from '../lab/issuer.js';
import { interleave, ratios, summarize } from '../lab/statistics.js';
import type { InProcess } from '../processes/in-process.js';
import { number, ratio, withRange } from '../report/format.js';
import type { Measure, Row, Verdict } from './measurement.js';

const FIRST = 'an expired token';

/** Measures the cost of refusing tokens that need no check of the signature. */
export const refusals: Measure = async ({ quick, before }) => {
  const names: Contestant[] = ['ours', ...before, 'sample', ...PEERS];
  const issuer = await Issuer.start('ES384');
  const now = Math.floor(Date.now() / 1000);
  const good = await issuer.token();
  const kinds = {
    [FIRST]: { token: await issuer.token({ exp: now - 60 }), atLeast: 50 },
    'one for another API': { token: await issuer.token({ aud: 'https://other.api' }), atLeast: 50 },
    'junk: a word': { token: 'garbage', atLeast: 1 },
    'junk: three parts': { token: 'aaaa.bbbb.cccc', atLeast: 1 },
    'junk: half a token': { token: good.slice(0, good.length / 2), atLeast: 1 },
    'junk: 8 000 letters': { token: 'x'.repeat(8_000), atLeast: 1 },
  };
  const children = Object.fromEntries(names.map((name) => [name, new Child<InProcess>('in-process')]));
  for (const [contestant, child] of Object.entries(children)) {
    await child.ask('setUp', { contestant: contestant as Contestant, setting: issuer.setting });
    await child.ask('burst', { token: good, calls: 1 });
  }
  const table: string[][] = [];
  const rows: Row[] = [];
  const verdicts: Verdict[] = [];
  for (const [kind, { token, atLeast }] of Object.entries(kinds)) {
    const read = async (name: Contestant, calls: number) => {
      const microseconds = (await children[name]?.ask('refusal', { token, calls })) ?? Number.NaN;
      return 1e6 / microseconds;
    };
    // Enough calls per reading for at least a few milliseconds.
    const calls = (name: Contestant) => (name === 'ours' || name === 'before' || atLeast === 1 ? 1_000 : 20);
    for (const name of names) await read(name, 3 * calls(name));
    const readings = await interleave(names, quick ? 3 : 30, (name) => read(name, calls(name)));
    const over = (name: Contestant) => summarize(ratios(readings[name], readings.sample));
    table.push([kind, ...names.map((name) => withRange(summarize(readings[name])))]);
    if (kind === FIRST) {
      const rate = (name: Contestant) => summarize(readings[name]).median;
      const best = PEERS.toSorted((a, b) => rate(b) - rate(a))[0] as Contestant;
      rows.push({
        what: 'Refusals of an expired token a second, one after another (more is better)',
        ours: number(rate('ours')),
        best: `${number(rate(best))}, ${best}`,
        sample: number(rate('sample')),
      });
    }
    verdicts.push({
      claim:
        atLeast === 1
          ? `Refusals/s, ${kind}: not slower than the sample`
          : `Refusals/s, ${kind}: at least ${atLeast} times the sample's`,
      seen: `${withRange(over('ours'), ratio)} times`,
      holds: over('ours').median >= atLeast,
    });
  }
  await Promise.all(Object.values(children).map((child) => child.stop()));
  issuer.stop();
  return {
    title: 'Refusals',
    how:
      'No HTTP. Each guard gets one bad request after another, and the response is discarded. Refusals per second. An expired ' +
      'token, or one for another API, can be refused without a signature check.',
    verdicts,
    rows,
    tables: [{ columns: ['', ...names.map((name) => CONTESTANTS[name])], rows: table }],
  };
};
