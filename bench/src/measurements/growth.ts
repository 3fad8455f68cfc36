import { Child } from '../lab/child.js';
import { Issuer, SCOPE } from '../lab/issuer.js';
import { interleave, type Readings, summarize } from '../lab/statistics.js';
import type { Growing } from '../processes/growing.js';
import { number, withRange } from '../report/format.js';
import type { Measure } from './measurement.js';

interface Setting {
  readonly what: string;
  readonly count: number;
  readonly endpoints: readonly string[];
  readonly scope: string;
  readonly tokens: readonly string[];
}

const ISSUERS = [1, 2, 5, 10];
const SCOPES = [1, 10, 30, 100];
const TOKENS = [1, 10, 100, 1_000, 10_000];

/** What a hit costs as an API grows. */
export const growth: Measure = async ({ quick }) => {
  const issuers = await Promise.all(
    Array.from({ length: Math.max(...ISSUERS) }, () => Issuer.start('ES256')),
  );
  const child = new Child<Growing>('growing');
  const settings = Object.fromEntries(
    (await settingsOf(issuers)).map((one) => [`${one.what} ${one.count}`, one]),
  );
  const names = Object.keys(settings);
  for (const [name, { endpoints, scope, tokens }] of Object.entries(settings)) {
    await child.ask('setUp', { name, endpoints, scope, tokens });
  }
  const read = (name: string) => child.ask('hit', { name, calls: 2_000 });
  await interleave(names, 5, read);
  const readings = await interleave(names, quick ? 5 : 60, read);
  await child.stop();
  for (const issuer of issuers) issuer.stop();

  const results = names.map((name) => ({
    ...(settings[name] as Setting),
    time: summarize(readings[name] ?? []),
  }));
  const kinds = [...new Set(results.map(({ what }) => what))];
  return {
    title: 'As things grow',
    how:
      'The guard on a cache hit, without HTTP, in microseconds: with more issuers (the token is of the last), with more ' +
      'scopes in the token (the route asks for the last), and with more tokens in the cache (each sent in turn, in ' +
      'disorder). A hundred scopes make a token five times as long, and what is sent is hashed to the last character; so ' +
      'the scopes are there twice, the second time in tokens that another claim makes equally long (and the thirtieth has ' +
      'most namesakes of its own length to be told from). Ten thousand tokens ' +
      "in disorder do not fit into a processor's nearest cache; that tokens which say the same share their lists of scopes " +
      'and audiences took a third off the growth.',
    verdicts: kinds.map((what) => {
      const own = results.filter((one) => one.what === what);
      const [first, last] = [own[0], own.at(-1)] as [(typeof own)[0], (typeof own)[0]];
      return {
        claim: `A cache hit from ${number(first.count)} to ${number(last.count)} ${what}: flat within noise`,
        seen: `${withRange(first.time)} to ${withRange(last.time)} µs`,
        holds: overlap(first.time, last.time),
      };
    }),
    tables: kinds.map((what) => ({
      columns: [what, 'µs a hit', 'characters of a token'],
      rows: results
        .filter((one) => one.what === what)
        .map(({ count, time, tokens }) => [number(count), withRange(time), number(tokens[0]?.length ?? 0)]),
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
                encoding: { y: { field: 'min', type: 'quantitative' }, y2: { field: 'max' } },
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

/** Flat within noise: neither reading's median lies outside the other's range. */
function overlap(a: Readings, b: Readings): boolean {
  return b.median <= a.max && a.median >= b.min;
}

async function settingsOf(issuers: readonly Issuer[]): Promise<Setting[]> {
  const endpoints = issuers.map(({ setting }) => setting.issuer.slice(0, -'/oidc'.length));
  const [first] = issuers as [Issuer];
  const bySize: Setting[] = [];
  for (const count of ISSUERS) {
    const tokens = [await (issuers[count - 1] as Issuer).token()];
    bySize.push({ what: 'issuers', count, endpoints: endpoints.slice(0, count), scope: SCOPE, tokens });
  }
  const own = endpoints.slice(0, 1);
  const scopesOf = (count: number) => Array.from({ length: count }, (_, i) => `read:resource-${i + 1}`);
  const longest = scopesOf(Math.max(...SCOPES)).join(' ').length;
  for (const padded of [false, true]) {
    for (const count of SCOPES) {
      const scopes = scopesOf(count);
      const scope = scopes.join(' ');
      const padding = padded ? { padding: 'x'.repeat(longest - scope.length) } : {};
      const tokens = [await first.token({ scope, ...padding })];
      const what = padded ? 'scopes, in tokens of one length' : 'scopes';
      bySize.push({ what, count, endpoints: own, scope: scopes.at(-1) as string, tokens });
    }
  }
  const many = await first.tokens(Math.max(...TOKENS));
  for (const count of TOKENS) {
    bySize.push({ what: 'cached tokens', count, endpoints: own, scope: SCOPE, tokens: many.slice(0, count) });
  }
  return bySize;
}
