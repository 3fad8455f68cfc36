import express from 'express';
import request from 'supertest';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createLogtoAuth, type LogtoAuthOptions, type ResourceMetadataOptions } from '../../src/index.js';

afterEach(() => void vi.unstubAllEnvs());

const PATH = '/.well-known/oauth-protected-resource';
const endpoint = 'https://tenant.logto.app';
const audience = 'https://shopping.api';

const instance = (options: LogtoAuthOptions = {}) => createLogtoAuth({ endpoint, audience, ...options });

async function documentOf(auth: ReturnType<typeof instance>, options?: ResourceMetadataOptions) {
  const app = express().get(PATH, auth.resourceMetadata(options));
  return (await request(app).get(PATH).expect(200)).body;
}

describe('the metadata document (RFC 9728)', () => {
  it('names the resource, the issuer, the scopes of the guards and the bearer method', async () => {
    const auth = instance();
    const app = express();
    app.get(PATH, auth.resourceMetadata());
    // Created after the handler of the document, like most guards.
    auth.requireScopes('read:products');
    auth.requireAnyScope('write:products', 'read:products');
    const { status, headers, body } = await request(app).get(PATH);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(body).toEqual({
      resource: audience,
      authorization_servers: ['https://tenant.logto.app/oidc'],
      scopes_supported: ['read:products', 'write:products'],
      bearer_methods_supported: ['header'],
    });
  });

  it('can be read by pages of other origins', async () => {
    const app = express().all(PATH, instance().resourceMetadata());
    const origin = 'https://client.example';
    const document = await request(app).get(PATH).set('Origin', origin).expect(200);
    expect(document.headers['access-control-allow-origin']).toBe('*');
    const preflight = await request(app)
      .options(PATH)
      .set({
        Origin: origin,
        'Access-Control-Request-Method': 'GET',
        'Access-Control-Request-Headers': 'mcp-protocol-version',
      })
      .expect(204);
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, HEAD',
      'access-control-allow-headers': '*',
    });
    await request(app).post(PATH).expect(404);
  });

  it('omits scopes_supported if there are no scopes (section 3.2)', async () => {
    const auth = instance();
    auth.authenticate();
    expect(await documentOf(auth)).not.toHaveProperty('scopes_supported');
    expect(await documentOf(auth, { scopes: [] })).not.toHaveProperty('scopes_supported');
  });

  it('lists the scopes of the option instead of those of the guards', async () => {
    const auth = instance();
    auth.requireScopes('internal');
    const document = await documentOf(auth, { scopes: ['read:products write:products'] });
    expect(document.scopes_supported).toEqual(['read:products', 'write:products']);
    expect(await documentOf(auth, { scopes: [] })).not.toHaveProperty('scopes_supported');
  });

  it('names every issuer', async () => {
    const auth = instance({ endpoint: [endpoint, 'https://auth.shop.example'] });
    expect((await documentOf(auth)).authorization_servers).toEqual([
      'https://tenant.logto.app/oidc',
      'https://auth.shop.example/oidc',
    ]);
  });

  it('lists the scopes of the guards of the resource, without those of organization guards', async () => {
    const auth = instance({ audience: [audience, 'https://billing.api'] });
    auth.requireScopes('both');
    auth.requireScopes('read:products', { audience });
    auth.requireScopes('read:bills', { audience: 'https://billing.api' });
    auth.requireOrganizationScopes('read:reports', { organization: () => 'o1' });
    expect(await documentOf(auth, { resource: audience })).toMatchObject({
      resource: audience,
      scopes_supported: ['both', 'read:products'],
    });
    expect(await documentOf(auth, { resource: 'https://billing.api' })).toMatchObject({
      resource: 'https://billing.api',
      scopes_supported: ['both', 'read:bills'],
    });
  });

  it('does not grow without limit if guards are created for each request', async () => {
    const auth = instance({ audience: [audience, 'https://billing.api'] });
    auth.requireScopes('read:products', { audience });
    for (let i = 0; i < 3_000; i += 1)
      auth.requireScopes(`made:${i}`, { audience: [audience, `https://${i}.api`] });
    expect((await documentOf(auth, { resource: audience })).scopes_supported).toHaveLength(1_000);
    expect((await documentOf(auth, { resource: 'https://98.api' })).scopes_supported).toEqual(['made:98']);
    // The instance's own resource counts as one of the hundred that are kept.
    expect(await documentOf(auth, { resource: 'https://99.api' })).not.toHaveProperty('scopes_supported');
  });

  it('is served for GET and HEAD, and other methods are passed on', async () => {
    const app = express().use(PATH, instance().resourceMetadata());
    const { status, headers, text } = await request(app).head(PATH);
    expect({ status, text }).toEqual({ status: 200, text: undefined });
    expect(Number(headers['content-length'])).toBeGreaterThan(100);
    await request(app).post(PATH).expect(404);
  });

  it('is named in challenges only if the resourceMetadata option is set', async () => {
    const url = `https://shopping.api${PATH}`;
    for (const resourceMetadata of [url, undefined]) {
      const auth = instance({ resourceMetadata });
      const app = express();
      app.get(PATH, auth.resourceMetadata());
      app.get('/', auth.requireScopes('a'));
      const challenge = (await request(app).get('/').expect(401)).headers['www-authenticate'];
      if (resourceMetadata === undefined) expect(challenge).not.toContain('resource_metadata');
      else expect(challenge).toMatch(new RegExp(`, resource_metadata="${url}"$`));
    }
  });
});

describe('resourceMetadata() throws a TypeError', () => {
  it.each<[what: string, options: LogtoAuthOptions, message: RegExp]>([
    ['no audience', { audience: undefined }, /no audience: pass the resource/],
    [
      'several audiences',
      { audience: [audience, 'https://billing.api'] },
      /several audiences: pass the resource/,
    ],
  ])('if the instance has %s and no resource is named', (_what, options, message) => {
    vi.stubEnv('LOGTO_AUDIENCE', undefined);
    const auth = instance(options);
    expect(() => auth.resourceMetadata()).toThrow(TypeError);
    expect(() => auth.resourceMetadata()).toThrow(message);
  });

  it.each<[options: unknown, message: RegExp]>([
    [{ resources: audience }, /unknown option `resources`\. Did you mean `resource`\?/],
    [{ resource: [audience] }, /`resource` must be one API resource indicator, not a list of 1/],
    [{ resource: 'shopping' }, /`resource` must be an API resource indicator/],
    [{ resource: 'urn:logto:organization:o1' }, /`resource` must not be/],
    [{ scopes: 'read:products' }, /`scopes` must be a list of scopes/],
    [{ scopes: ['a"b'] }, /has characters that no scope may have/],
    [{ scopes: [5] }, /`scopes` must be a scope/],
    [null, /`options` must be an object/],
    [{ headers: {} }, /call it, as in resourceMetadata\(\)/],
  ])('for %j', (options, message) => {
    const make = () => instance().resourceMetadata(options as ResourceMetadataOptions);
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
  });
});
