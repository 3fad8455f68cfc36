import { readFileSync } from 'node:fs';
import express, { type Express } from 'express';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogtoAuth, getAuth } from '../src/index.js';
import { get } from './support/request.js';

interface RealToken {
  readonly token: string;
  readonly payload: { iat: number; exp: number; [claim: string]: unknown };
  readonly keys: string | null;
}

const fixture = (name: string) =>
  JSON.parse(readFileSync(new URL(`./fixtures/logto/${name}`, import.meta.url), 'utf8'));
const tokens: Record<string, RealToken> = fixture('tokens.json');

const MANAGEMENT_API = 'https://default.logto.app/api';
const ORGANIZATION = 'tgqjike3k7pu';

/** What a token gets, by the route it is sent to: 200, or status and reason. */
interface Result {
  readonly products: string;
  readonly writing: string;
  readonly organization: string;
  readonly otherOrganization: string;
  readonly reports: string;
  readonly management: string;
}

const forOtherApi: Result = {
  products: '401 audience',
  writing: '401 audience',
  organization: '401 audience',
  otherOrganization: '401 audience',
  reports: '401 audience',
  management: '401 audience',
};
const forShop: Result = {
  ...forOtherApi,
  products: '403 scope',
  writing: '403 scope',
  organization: '403 organization',
  otherOrganization: '403 organization',
};
const reader: Result = { ...forShop, products: '200' };
const admin: Result = { ...reader, writing: '200' };
const writer: Result = { ...forShop, writing: '200' };
const insideOrganization: Result = {
  ...forShop,
  products: '403 organization',
  writing: '403 organization',
  organization: '200',
};
const ofOrganization: Result = { ...forOtherApi, reports: '200' };
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

const paths: Record<keyof Result, string> = {
  products: '/products',
  writing: '/products/write',
  organization: `/organizations/${ORGANIZATION}/products`,
  otherOrganization: '/organizations/w1h7qob3z0o3/products',
  reports: `/organizations/${ORGANIZATION}/reports`,
  management: '/management',
};

/** Routes of each kind, with the keys that Logto had when it issued the token. */
function shopWithKeys(keys: string): Express {
  const jwks = fixture(keys);
  const { requireScopes, requireOrganizationScopes } = createLogtoAuth({
    issuers: [{ issuer: 'http://localhost:3001/oidc', jwks }],
    audience: 'https://shopping.api',
    onError: (error, _req, res) => res.status(error.status).json(`${error.status} ${error.reason}`),
  });
  const organization = (req: express.Request) => String(req.params['organizationId']);
  const ok: express.RequestHandler = (req, res) => {
    res.json(getAuth(req).claims);
  };
  const app = express();
  app.get(paths.products, requireScopes('read:products'), ok);
  app.get(paths.writing, requireScopes('write:products'), ok);
  app.get('/organizations/:organizationId/products', requireScopes('read:products', { organization }), ok);
  app.get(
    '/organizations/:organizationId/reports',
    requireOrganizationScopes('read:reports', { organization }),
    ok,
  );
  app.get(paths.management, requireScopes('all', { audience: MANAGEMENT_API }), ok);
  return app;
}

const newestKeys = 'jwks-ec-and-rsa.json';

describe('the tokens of a real Logto, each at its own time', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('are all told of here', () => {
    expect(Object.keys(results).sort()).toEqual(Object.keys(tokens).sort());
  });

  it.each(Object.entries(tokens))('%s', async (name, { token, payload, keys }) => {
    vi.setSystemTime((payload.iat + 1) * 1000);
    const app = shopWithKeys(keys ?? newestKeys);
    // Twice, the second time from the cache.
    for (const _time of ['first', 'second']) {
      const met: Record<string, string> = {};
      for (const [route, path] of Object.entries(paths)) {
        const { status, body } = await get(app, path, token);
        met[route] = status === 200 ? '200' : body;
        if (status === 200) expect(body).toEqual(payload);
      }
      expect(met).toEqual(results[name]);
    }
  });

  it.each(Object.entries(tokens).filter(([name]) => results[name]?.products === '200'))(
    '%s holds to the second',
    async (_name, { token, payload, keys }) => {
      const app = shopWithKeys(keys ?? newestKeys);
      const clockTolerance = 5;
      vi.setSystemTime((payload.exp + clockTolerance) * 1000 - 1);
      expect((await get(app, paths.products, token)).status).toBe(200);
      vi.setSystemTime((payload.exp + clockTolerance) * 1000);
      expect((await get(app, paths.products, token)).body).toBe('401 expired');
      expect((await get(shopWithKeys(keys ?? newestKeys), paths.products, token)).body).toBe('401 expired');
    },
  );

  it('one signed after the rotation to RSA is not known to the keys from before it', async () => {
    const { token, payload } = tokens['rsa-reader'] as RealToken;
    vi.setSystemTime((payload.iat + 1) * 1000);
    expect((await get(shopWithKeys('jwks-ec.json'), paths.products, token)).body).toBe('401 unknown_key');
  });
});
