import type { Setting } from '../contestants/contestant.js';
import { Child } from '../lab/child.js';
import { Issuer } from '../lab/issuer.js';
import { interleave, ratios, summarize } from '../lab/statistics.js';
import type { Growing } from '../processes/growing.js';
import { number, ratio, withRange } from '../report/format.js';
import type { Measure } from './measurement.js';

interface Size {
  readonly what: string;
  readonly count: number;
  readonly endpoints: readonly string[];
  /** The setting of the issuer of the tokens. */
  readonly setting: Setting;
  readonly tokens: readonly string[];
}

const ISSUERS = [1, 2, 5, 10];
const SCOPES = [1, 10, 30, 100];
const TOKENS = [1, 10, 100, 1_000, 10_000];
const GUARDS = ['ours', 'limit'] as const;

/** Measures the time of a cache hit while an API grows. */
export const growth: Measure = async ({ quick }) => {
  const issuers = await Promise.all(
    Array.from({ length: Math.max(...ISSUERS) }, () => Issuer.start('ES256')),
  );
  const sizes = await sizesOf(issuers);
  const child = new Child<Growing>('growing');
  const nameOf = (guard: (typeof GUARDS)[number], { what, count }: Size) => `${guard} ${what} ${count}`;
  const names: string[] = [];
  for (const size of sizes) {
    for (const guard of GUARDS) {
      const name = nameOf(guard, size);
      const { endpoints, setting, tokens } = size;
      await child.ask('setUp', { name, guard, endpoints, setting, tokens });
      names.push(name);
    }
  }
  const read = (name: string) => child.ask('hit', { name, calls: 2_000 });
  await interleave(names, 5, read);
  const readings = await interleave(names, quick ? 5 : 60, read);
  await child.stop();
  for (const issuer of issuers) issuer.stop();

  const results = sizes.map((size) => {
    const [ours = [], limit = []] = GUARDS.map((guard) => readings[nameOf(guard, size)]);
    const one = sizes.find(({ what }) => what === size.what) as Size;
    const growth = summarize(ratios(ours, readings[nameOf('ours', one)] ?? []));
    return { ...size, time: summarize(ours), growth, share: summarize(ratios(ours, limit)) };
  });
  const kinds = [...new Set(sizes.map(({ what }) => what))];
  return {
    title: 'As things grow',
    how:
      'A cache hit without HTTP: with more issuers (the last one issued the token), with more scopes in the token (the route ' +
      'requires the last one), and with more cached tokens (sent in a scattered order). The limit guard is measured beside ' +
      'it; its Map reads each token to the last character.',
    bounds:
      'Ten thousand tokens do not fit into the processor’s nearest cache. Garbage collection often removes the text of a ' +
      'token before the token comes again, and the guard then computes its digest. Tokens with equal claims share their ' +
      'lists of scopes and audiences; this reduced the growth by a third.',
    verdicts: kinds.map((what) => {
      const largest = results.filter((one) => one.what === what).at(-1) as (typeof results)[0];
      return {
        claim: `A cache hit with ${number(largest.count)} ${what}: at most 1.5 times the limit guard's time`,
        seen: `${withRange(largest.share, ratio)} times`,
        holds: largest.share.median <= 1.5,
      };
    }),
    tables: kinds.map((what) => ({
      columns: [what, 'µs a hit', 'of that with one', "of the limit guard's", 'characters of a token'],
      rows: results
        .filter((one) => one.what === what)
        .map(({ count, time, growth, share, tokens }) => [
          number(count),
          withRange(time),
          withRange(growth, ratio),
          withRange(share, ratio),
          number(tokens[0]?.length ?? 0),
        ]),
    })),
    charts: [
      {
        name: 'growth',
        alt: 'Microseconds that the guard takes on a cache hit, over the number of issuers, of scopes and of cached tokens',
        spec: {
          data: {
            values: results.map(({ what, count, time }) => ({ what, count, ...time })),
          },
          facet: { column: { field: 'what', type: 'nominal', title: null, sort: kinds } },
          spec: {
            width: 150,
            height: 160,
            layer: [
              { mark: { type: 'line', point: { color: '#5d34f2' }, color: '#5d34f2' } },
              {
                mark: { type: 'rule', color: '#b8b5c6' },
                encoding: { y: { field: 'low', type: 'quantitative' }, y2: { field: 'high' } },
              },
            ],
            encoding: {
              x: { field: 'count', type: 'quantitative', scale: { type: 'log' }, title: null },
              y: { field: 'median', type: 'quantitative', title: 'µs a hit', scale: { domainMin: 0 } },
            },
          },
          resolve: { scale: { x: 'independent' } },
        },
      },
    ],
  };
};

async function sizesOf(issuers: readonly Issuer[]): Promise<Size[]> {
  const endpoints = issuers.map(({ setting }) => setting.issuer.slice(0, -'/oidc'.length));
  const [first] = issuers as [Issuer];
  const sizes: Size[] = [];
  for (const count of ISSUERS) {
    const last = issuers[count - 1] as Issuer;
    const tokens = [await last.token()];
    sizes.push({
      what: 'issuers',
      count,
      endpoints: endpoints.slice(0, count),
      setting: last.setting,
      tokens,
    });
  }
  const own = { endpoints: endpoints.slice(0, 1), setting: first.setting };
  for (const count of SCOPES) {
    const scopes = Array.from({ length: count }, (_, i) => `read:resource-${i + 1}`);
    const setting = { ...first.setting, scope: scopes.at(-1) as string };
    const tokens = [await first.token({ scope: scopes.join(' ') })];
    sizes.push({ what: 'scopes', count, ...own, setting, tokens });
  }
  const many = await first.tokens(Math.max(...TOKENS));
  for (const count of TOKENS) {
    sizes.push({ what: 'cached tokens', count, ...own, tokens: many.slice(0, count) });
  }
  return sizes;
}
