import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createM2MClient, type M2MClientOptions, managementApiResource } from '../../src/client/index.js';

const good: M2MClientOptions = {
  endpoint: 'https://tenant.logto.app',
  appId: 'app',
  appSecret: 'the-secret-of-the-app',
  resource: 'https://shopping.api',
};

describe('createM2MClient throws a TypeError', () => {
  it.each<[options: Record<string, unknown>, message: RegExp]>([
    [{ endpoint: 'https://tenant.logto.app/oidc' }, /`endpoint` must be the endpoint itself, without \/oidc/],
    [
      { endpoint: 'http://logto:3001' },
      /`endpoint` must be https.* read the app's secret.*allowInsecureRequests/,
    ],
    [{ endpoint: 'https://your-tenant.logto.app' }, /`endpoint` is still a placeholder/],
    [{ baseUrl: `https://\${API_HOST}` }, /`baseUrl` is still a placeholder/],
    [{ endpoint: undefined }, /`endpoint` must be a string that is not empty, not undefined/],
    [{ endpoint: ['https://tenant.logto.app'] }, /`endpoint` must be a string/],
    [{ appId: '' }, /`appId` must be a string that is not empty/],
    [
      { appSecret: '' },
      /`appSecret` must be the app's secret from the Logto Console, but is missing or blank/,
    ],
    [{ appSecret: undefined }, /`appSecret` .* but is missing or blank/],
    [{ appSecret: ['the-secret-of-the-app'] }, /`appSecret` .* but is missing or blank/],
    [{ appSecret: 'the-secret-of-the-app\n' }, /`appSecret` ends with a line break\. .*\.trim\(\)/],
    [{ appSecret: 'the-secret-of-the-app\r\n ' }, /`appSecret` ends with a line break/],
    [{ appSecret: '\nthe-secret-of-the-app' }, /`appSecret` begins with a line break/],
    [{ appSecret: 'the-secret\nof-the-app' }, /`appSecret` contains a line break/],
    [{ appSecret: 'the-secret-of-the-äpp' }, /`appSecret` contains a character that is not ASCII/],
    [{ appSecret: 'the-secret-of-the-app\u200b' }, /`appSecret` contains a character that is not ASCII/],
    [{ appSecret: 'the-secret\tof-the-app' }, /`appSecret` contains a control character/],
    [{ appId: 'app\n' }, /`appId` ends with a line break/],
    [{ appId: 'äpp' }, /`appId` contains a character that is not ASCII/],
    [{ resource: undefined }, /pass `resource`.*`organizationId`, or both/],
    [
      { resource: 'https://bücher.api/ü' },
      /create the API resource there as "https:\/\/xn--bcher-kva\.api\/%C3%BC"/,
    ],
    [{ resource: 'shopping' }, /`resource` must be an API resource indicator/],
    [{ resource: ['https://a.api', 'https://b.api'] }, /`resource` must be one API resource indicator/],
    [{ resource: 'urn:logto:organization:abc' }, /organization's own token pass `organizationId`/],
    [{ resource: 'urn:logto:resource:organizations' }, /`resource` must not be/],
    [{ organizationId: ' ' }, /`organizationId` must be a string/],
    [{ baseUrl: 'api.example' }, /`baseUrl` must be the address of the API/],
    [
      { baseUrl: 'http://api.example' },
      /`baseUrl` must be https, since an attacker on the network could read the token/,
    ],
    [{ baseUrl: 'https://api.example/v1?tenant=1' }, /`baseUrl` must not have a query or a fragment/],
    [{ baseUrl: 'https://api.example/v1#top' }, /`baseUrl` must not have a query or a fragment/],
    [
      { baseUrl: 'https://me:the-secret-of-the-app@api.example' },
      /`baseUrl` must not contain a user name or a password/,
    ],
    [{ scopes: 'read:products' }, /`scopes` must be a list of scopes/],
    [{ scopes: ['a"b'] }, /characters that no scope may have/],
    [{ refreshBefore: 60_000 }, /`refreshBefore` must be a duration in seconds \(not milliseconds\)/],
    [{ timeout: 0 }, /`timeout` must be a duration/],
    [{ store: {} }, /`store` must be a store with get and set/],
    [{ fetch: 'fetch' }, /`fetch` must be a function/],
    [{ allowInsecureRequests: 'yes' }, /`allowInsecureRequests` must be true or false/],
    [{ clientSecret: 'the-secret-of-the-app' }, /unknown option `clientSecret`/],
    [{ appsecret: 'the-secret-of-the-app' }, /Did you mean `appSecret`\?/],
  ])('that names the wrong option and the fix: %j', (options, message) => {
    let thrown: unknown;
    try {
      createM2MClient({ ...good, ...options } as M2MClientOptions);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(TypeError);
    expect((thrown as Error).message).toMatch(/^createM2MClient: /);
    expect((thrown as Error).message).toMatch(message);
    expect(inspect(thrown)).not.toMatch(/the-secret/);
  });

  it.each([null, undefined, 'https://tenant.logto.app'])('for options that are %j', (options) => {
    expect(() => createM2MClient(options as never)).toThrow(TypeError);
  });
});

it('createM2MClient sends no request to Logto', () => {
  let asked = 0;
  const never: typeof fetch = () => {
    asked += 1;
    return Promise.reject(new Error('no'));
  };
  createM2MClient({ ...good, fetch: never });
  expect(asked).toBe(0);
});

it('a client shows no secret when it is inspected', () => {
  const client = createM2MClient({ ...good, baseUrl: 'https://api.example' });
  expect(inspect(client, { depth: 10, showHidden: true })).not.toContain(good.appSecret);
  expect(JSON.stringify(client)).not.toContain(good.appSecret);
});

describe('managementApiResource', () => {
  it('returns the indicator of the Management API', () => {
    expect(managementApiResource()).toBe('https://default.logto.app/api');
    expect(managementApiResource('x7k2ab')).toBe('https://x7k2ab.logto.app/api');
  });

  it.each(['', 'https://x.logto.app', 'a.b', 'a/b', null, 5])('throws for %j', (tenant) => {
    expect(() => managementApiResource(tenant as string)).toThrow(/only a tenant's id/);
  });
});
