import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  admin,
  forOtherApi,
  forShop,
  insideOrganization,
  ofOrganization,
  type RecordedLogto,
  type Result,
  reader,
  recordedShop,
  resultsIn,
} from './support/recorded-shop.js';
import { get } from './support/request.js';

interface Recorded {
  readonly body: { readonly access_token?: string };
  readonly header?: { readonly alg: string; readonly kid: string };
  readonly claims?: Readonly<Record<string, unknown>> & { readonly iat: number };
}

interface File {
  readonly jwks: { readonly keys: readonly object[] };
  readonly [name: string]: Partial<Recorded> & { readonly keys?: readonly object[] };
}

const fixture = (name: string) =>
  JSON.parse(readFileSync(new URL(`./fixtures/logto-2026-11/${name}.json`, import.meta.url), 'utf8'));

const TENANT = { issuer: 'http://127.0.0.1:43101/oidc', organization: '66hffz72uiha' };

/** A single token, with the keys of its time. */
const alone = (name: string): [token: Recorded, logto: RecordedLogto] => {
  const { jwks, answer, header, claims } = fixture(name);
  return [
    { body: answer, header, claims },
    { ...TENANT, jwks },
  ];
};

/** The entries of a file that are tokens. */
function tokensIn(file: File): [name: string, token: Recorded][] {
  return Object.entries(file).filter(
    (entry): entry is [string, Recorded] => entry[1].body?.access_token !== undefined,
  );
}

const ordinary: File = fixture('tokens-es384');
const scripted: File = fixture('custom-claims');

const results: Readonly<Record<string, Result>> = {
  statistics: reader,
  'statistics-noscope': forShop,
  catalog: admin,
  stranger: forShop,
  'org-token': ofOrganization,
  'org-token-noscope': { ...ofOrganization, reports: '403 scope' },
  'org-api': insideOrganization,
  'org-api-noscope': { ...insideOrganization, organization: '403 scope' },
  'organizations-resource': forOtherApi,
  mgmt: { ...forOtherApi, management: '200' },
  'openid-scope': reader,
  'empty-org': reader,
  'dup-scope': reader,
};

/** The recorded script sets `organization_id` to null and adds `cnf`, so none of its tokens is accepted. */
const ofScript = ({ products, reports, management }: Result): Result => {
  const refused = (before: string) => (before === '401 audience' ? before : '401 claims');
  return {
    products: refused(products),
    writing: refused(products),
    organization: refused(products),
    otherOrganization: refused(products),
    reports: refused(reports),
    management: refused(management),
  };
};

describe('recorded tokens of a Logto of November 2026, each at its time of issue', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  async function check({ body, claims }: Recorded, logto: RecordedLogto, expected: Result) {
    vi.setSystemTime((Number(claims?.iat) + 1) * 1_000);
    const app = recordedShop(logto);
    // Twice, the second time from the cache.
    for (const _time of ['first', 'second']) {
      const met = await resultsIn(app, String(body.access_token), logto.organization);
      expect(met.result).toEqual(expected);
      for (const seen of met.claims) expect(seen).toEqual(claims);
    }
  }

  it('all have an expected result', () => {
    const names = [ordinary, scripted].map((file) => tokensIn(file).map(([name]) => name));
    expect(names).toEqual([Object.keys(results), Object.keys(results)]);
  });

  it.each(tokensIn(ordinary))('%s has the expected result', async (name, token) => {
    expect(token.header).toMatchObject({ alg: 'ES384' });
    await check(token, { ...TENANT, jwks: ordinary.jwks }, results[name] as Result);
  });

  it.each(tokensIn(scripted))(
    '%s with the claims of a script has the expected result',
    async (name, token) => {
      expect(token.claims).toMatchObject({
        plan: 'gold',
        nbf: 1,
        organization_id: null,
        cnf: { jkt: 'abc' },
      });
      await check(token, { ...TENANT, jwks: scripted.jwks }, ofScript(results[name] as Result));
    },
  );

  it('an ES256 token of an operator with a P-256 key has the expected result', async () => {
    const [token, logto] = alone('token-es256');
    expect(token.header).toMatchObject({ alg: 'ES256' });
    await check(token, logto, reader);
  });

  it.each(['staged-before-switch', 'staged-after-switch'])(
    'a token of a staged rotation has the expected result: %s',
    async (name) => {
      const [token, logto] = alone(name);
      await check(token, logto, reader);
    },
  );

  it('a token with the next key of a staged rotation is accepted with the keys from before', async () => {
    const [, before] = alone('staged-before-switch');
    const [after] = alone('staged-after-switch');
    expect(after.header).toMatchObject({ alg: 'RS256' });
    vi.setSystemTime((Number(after.claims?.iat) + 1) * 1_000);
    const { status } = await get(recordedShop(before), '/products', String(after.body.access_token));
    expect(status).toBe(200);
  });
});
