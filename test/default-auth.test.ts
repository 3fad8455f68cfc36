import express from 'express';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AUDIENCE, readingToken, sharedLogto } from './support/logto.js';
import { get } from './support/request.js';

const logto = await sharedLogto();

// The default instance lives as long as its module, so each test loads it anew.
beforeEach(() => vi.resetModules());
afterEach(() => vi.unstubAllEnvs());

const load = () => import('../src/index.js');

describe('the default instance', () => {
  it('is created from the environment by the first call, not at import time', async () => {
    const { requireScopes } = await load();
    vi.stubEnv('LOGTO_ENDPOINT', logto.endpoint);
    vi.stubEnv('LOGTO_AUDIENCE', AUDIENCE);
    const app = express();
    app.get('/products', requireScopes('read:products'), (req, res) => {
      res.json(req.auth?.scopes);
    });
    expect((await get(app, '/products', await readingToken(logto))).body).toEqual(['read:products']);
    expect((await get(app, '/products')).status).toBe(401);
  });

  it('is one instance that all bound functions share', async () => {
    vi.stubEnv('LOGTO_ENDPOINT', logto.endpoint);
    vi.stubEnv('LOGTO_AUDIENCE', AUDIENCE);
    const bound = await load();
    expect(bound.defaultAuth()).toBe(bound.defaultAuth());
    const app = express();
    const ok: express.RequestHandler = (_req, res) => {
      res.end();
    };
    app.get('/all', bound.requireScopes(['read:products'], { machineOnly: true }), ok);
    app.get('/any', bound.requireAnyScope('read:products', 'write:products'), ok);
    app.get('/valid', bound.authenticate(), ok);
    app.get('/own', bound.requireOrganizationScopes('read:reports', { organization: () => 'o-1' }), ok);
    const token = await readingToken(logto);
    for (const path of ['/all', '/any', '/valid']) expect((await get(app, path, token)).status).toBe(200);
    const own = await logto.issueToken({ audience: 'urn:logto:organization:o-1', scopes: 'read:reports' });
    expect((await get(app, '/own', own)).status).toBe(200);
    expect(bound.defaultAuth().health().tokenCache).toMatchObject({ hits: 2, size: 2 });
  });

  it.each(['requireScopes', 'requireAnyScope', 'authenticate', 'defaultAuth'] as const)(
    'throws at the first call of %s when LOGTO_ENDPOINT is missing, and works once it is set',
    async (name) => {
      vi.stubEnv('LOGTO_ENDPOINT', undefined);
      vi.stubEnv('LOGTO_AUDIENCE', AUDIENCE);
      const bound = await load();
      const call = () =>
        name.startsWith('require') ? (bound[name] as (scope: string) => unknown)('a') : bound[name]();
      expect(call).toThrow(TypeError);
      expect(call).toThrow(/LOGTO_ENDPOINT.* is not set/);
      vi.stubEnv('LOGTO_ENDPOINT', logto.endpoint);
      expect(call).not.toThrow();
    },
  );

  it('throws at the definition of a guard when LOGTO_AUDIENCE is missing', async () => {
    vi.stubEnv('LOGTO_ENDPOINT', logto.endpoint);
    vi.stubEnv('LOGTO_AUDIENCE', undefined);
    const { requireScopes } = await load();
    expect(() => requireScopes('a')).toThrow(/LOGTO_AUDIENCE/);
  });
});
