import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  admin,
  forOtherApi,
  forShop,
  insideOrganization,
  ofOrganization,
  type Result,
  reader,
  recordedShop,
  resultsIn,
  writer,
} from './support/recorded-shop.js';
import { get } from './support/request.js';

interface RealToken {
  readonly token: string;
  readonly payload: { iat: number; exp: number; [claim: string]: unknown };
  readonly keys: string | null;
}

const fixture = (name: string) =>
  JSON.parse(readFileSync(new URL(`./fixtures/logto/${name}`, import.meta.url), 'utf8'));
const tokens: Record<string, RealToken> = fixture('tokens.json');

const ISSUER = 'http://localhost:3001/oidc';
const ORGANIZATION = 'tgqjike3k7pu';

const byUnknownKey: Result = {
  products: '401 unknown_key',
  writing: '401 unknown_key',
  organization: '401 unknown_key',
  otherOrganization: '401 unknown_key',
  reports: '401 audience',
  management: '401 audience',
};

const results: Record<string, Result> = {
  'admin-subset': writer,
  admin,
  'custom-claims': reader,
  'management-api-without-role': { ...forOtherApi, management: '403 scope' },
  'management-api': { ...forOtherApi, management: '200' },
  'no-resource-but-default-resource': reader,
  'openid-scope': byUnknownKey,
  'organization-no-scope-param': { ...ofOrganization, reports: '403 scope' },
  'organization-resource-no-scope-param': { ...insideOrganization, organization: '403 scope' },
  'organization-resource': insideOrganization,
  organization: ofOrganization,
  'reader-client-secret-post': reader,
  'reader-json-body': reader,
  'reader-no-scope-param': forShop,
  reader,
  'reserved-resource-organizations': forOtherApi,
  'rsa-admin-subset': writer,
  'rsa-admin': admin,
  'rsa-management-api-without-role': { ...forOtherApi, management: '403 scope' },
  'rsa-organization-resource-no-scope-param': { ...insideOrganization, organization: '403 scope' },
  'rsa-reader-client-secret-post': reader,
  'rsa-reader-json-body': reader,
  'rsa-reader-no-scope-param': forShop,
  'rsa-reader': reader,
  'rsa-reserved-resource-organizations': forOtherApi,
  'short-ttl-5s': reader,
  stranger: forShop,
  'unknown-scope-only': byUnknownKey,
};

/** The shop, with the keys that Logto had when it issued the token. */
const shopWithKeys = (keys: string) => recordedShop({ issuer: ISSUER, jwks: fixture(keys) });

const newestKeys = 'jwks-ec-and-rsa.json';

describe('recorded tokens of a real Logto, each at its time of issue', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('all have an expected result', () => {
    expect(Object.keys(results).sort()).toEqual(Object.keys(tokens).sort());
  });

  it.each(Object.entries(tokens))('%s has the expected result', async (name, { token, payload, keys }) => {
    vi.setSystemTime((payload.iat + 1) * 1000);
    const app = shopWithKeys(keys ?? newestKeys);
    // Twice, the second time from the cache.
    for (const _time of ['first', 'second']) {
      const { result, claims } = await resultsIn(app, token, ORGANIZATION);
      expect(result).toEqual(results[name]);
      for (const seen of claims) expect(seen).toEqual(payload);
    }
  });

  it.each(Object.entries(tokens).filter(([name]) => results[name]?.products === '200'))(
    '%s is accepted until clockTolerance after exp',
    async (_name, { token, payload, keys }) => {
      const app = shopWithKeys(keys ?? newestKeys);
      const clockTolerance = 5;
      vi.setSystemTime((payload.exp + clockTolerance) * 1000 - 1);
      expect((await get(app, '/products', token)).status).toBe(200);
      vi.setSystemTime((payload.exp + clockTolerance) * 1000);
      expect((await get(app, '/products', token)).body).toBe('401 expired');
      expect((await get(shopWithKeys(keys ?? newestKeys), '/products', token)).body).toBe('401 expired');
    },
  );

  it('a token signed after the rotation to RSA is refused with the keys from before it', async () => {
    const { token, payload } = tokens['rsa-reader'] as RealToken;
    vi.setSystemTime((payload.iat + 1) * 1000);
    expect((await get(shopWithKeys('jwks-ec.json'), '/products', token)).body).toBe('401 unknown_key');
  });
});
