import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createLogtoAuth, type JwksCacheOptions, type LogtoAuth } from '../../src/index.js';
import { type StartTestLogtoOptions, startTestLogto, type TestLogto } from '../../src/testing/index.js';
import { resultOf } from '../support/result.js';

const started: TestLogto[] = [];
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(started.splice(0).map((logto) => logto.stop()));
});

async function start(options?: StartTestLogtoOptions): Promise<TestLogto> {
  const logto = await startTestLogto(options);
  started.push(logto);
  return logto;
}

const guardsOf = ({ endpoint, audience }: TestLogto, jwksCache: JwksCacheOptions = {}): LogtoAuth =>
  createLogtoAuth({ endpoint, audience, jwksCache });

const keysOf = async ({ issuer }: TestLogto): Promise<JSONWebKeySet> => {
  const response = await fetch(`${issuer}/jwks`);
  return (await response.json()) as JSONWebKeySet;
};

const kidOf = (token: string) => decodeProtectedHeader(token).kid;

const fixture = (name: string) =>
  JSON.parse(readFileSync(new URL(`../fixtures/logto/${name}`, import.meta.url), 'utf8'));
const real: Record<string, { header: object; payload: object }> = fixture('tokens.json');

/** The names of an object's members, in their order. */
const names = (members: object | undefined) => Object.keys(members ?? {});

describe('a token', () => {
  it.each([
    ['reader', { scopes: ['read:products'] }],
    ['reader-no-scope-param', {}],
    ['organization-resource', { organizationId: 'o1', scopes: ['read:products'] }],
    ['organization-resource-no-scope-param', { organizationId: 'o1' }],
    ['organization', { audience: 'urn:logto:organization:o1', scopes: 'read:reports' }],
    ['organization-no-scope-param', { audience: 'urn:logto:organization:o1' }],
  ])('has the same header parameters and claims as a real one (%s)', async (name, options) => {
    const logto = await start();
    const token = await logto.issueToken(options);
    expect(names(decodeProtectedHeader(token))).toEqual(names(real[name]?.header));
    expect(names(decodeJwt(token))).toEqual(names(real[name]?.payload));
  });

  it('is issued to the app for the API, with a lifetime of one hour', async () => {
    const logto = await start({ audience: 'https://shopping.api' });
    const token = await logto.issueToken({
      clientId: 'reports',
      scopes: ['read:products', 'write:products'],
    });
    expect(decodeProtectedHeader(token)).toEqual({
      alg: 'ES384',
      typ: 'at+jwt',
      kid: expect.stringMatching(/^[\w-]{43}$/),
    });
    const { iat = 0, ...claims } = decodeJwt(token);
    expect(Math.abs(Date.now() / 1000 - iat)).toBeLessThan(5);
    expect(claims).toEqual({
      jti: expect.stringMatching(/^[\w-]{43}$/),
      sub: 'reports',
      exp: iat + 3600,
      scope: 'read:products write:products',
      client_id: 'reports',
      iss: `${logto.endpoint}/oidc`,
      aud: 'https://shopping.api',
    });
  });

  it('has no permissions by default and with an empty list', async () => {
    const logto = await start();
    const auth = guardsOf(logto);
    const result = async (scopes?: string | string[]) =>
      resultOf(auth, await logto.issueToken({ scopes }), { scopes: ['read:products'] });
    expect(await result()).toBe('scope');
    expect(await result([])).toBe('scope');
    expect(await result('')).toBe('scope');
    expect(await result(['write:products'])).toBe('scope');
    expect(await result(['read:products'])).toBe('ok');
    expect(await result('write:products read:products')).toBe('ok');
  });

  it('can be signed with a foreign key, which guards refuse as unknown or for its signature', async () => {
    const logto = await start();
    const auth = guardsOf(logto);
    const kid = await logto.currentKid();
    const foreign = await logto.issueToken({ key: 'foreign' });
    expect(await resultOf(auth, foreign)).toBe('unknown_key');
    expect(kidOf(foreign)).not.toBe(kid);
    const forged = await logto.issueToken({ key: 'foreign', header: { kid } });
    expect(await resultOf(auth, forged)).toBe('signature');
    expect(await resultOf(auth, await logto.issueToken({ key: 'current' }))).toBe('ok');
  });

  it('has a different jti each time', async () => {
    const logto = await start();
    const [first, second] = await Promise.all([logto.issueToken(), logto.issueToken()]);
    expect(decodeJwt(first).jti).not.toBe(decodeJwt(second).jti);
  });

  it('can be issued so that a guard refuses it for one reason only', async () => {
    const logto = await start();
    const other = await start();
    const auth = guardsOf(logto);
    const result = async (options: Parameters<TestLogto['issueToken']>[0], from = logto) =>
      resultOf(auth, await from.issueToken(options));
    expect(await result({})).toBe('ok');
    expect(await result({ expiresIn: -60 })).toBe('expired');
    expect(await result({ audience: 'https://other.api' })).toBe('audience');
    expect(await result({ organizationId: 'o1' })).toBe('organization');
    expect(await result({ subject: 'user-1' })).toBe('machine');
    expect(await result({}, other)).toBe('issuer');
    expect(await result({ claims: { iss: logto.issuer } }, other)).toBe('unknown_key');
    expect(await result({ claims: { client_id: undefined } })).toBe('claims');
    expect(await result({ claims: { nbf: Date.now() / 1000 + 600 } })).toBe('not_yet_valid');
    expect(await result({ claims: { cnf: {} } })).toBe('sender_constrained');
    expect(await result({ header: { typ: 'JWT' } })).toBe('type');
    expect(await result({ header: { typ: undefined } })).toBe('type');
    expect(await result({ header: { kid: 'made-up' } })).toBe('unknown_key');
  });

  it("can be issued for an API in an organization, or as the organization's own token", async () => {
    const logto = await start();
    const auth = guardsOf(logto);
    const inside = await logto.issueToken({ organizationId: 'o1' });
    expect(await resultOf(auth, inside, { organization: { id: 'o1' } })).toBe('ok');
    expect(await resultOf(auth, inside, { organization: { id: 'o2' } })).toBe('organization');
    const own = await logto.issueToken({ audience: 'urn:logto:organization:o1', scopes: 'read:reports' });
    const scopes = ['read:reports'];
    expect(await resultOf(auth, own, { organizationToken: { id: 'o1' }, scopes })).toBe('ok');
    expect(await resultOf(auth, own, { organizationToken: { id: 'o2' }, scopes })).toBe('organization');
    expect(await resultOf(auth, own)).toBe('audience');
  });

  it('has the given claims, which override or extend the default ones', async () => {
    const logto = await start();
    const token = await logto.issueToken({ claims: { plan: 'gold', jti: undefined, iat: 1_700_000_000 } });
    const claims = decodeJwt(token);
    expect(claims).toMatchObject({ plan: 'gold', iat: 1_700_000_000 });
    expect(claims).not.toHaveProperty('jti');
  });

  it('has an iat before its exp even if it is expired', async () => {
    const logto = await start();
    const { iat, exp } = decodeJwt(await logto.issueToken({ expiresIn: -60 }));
    expect(iat).toBe(Number(exp) - 3600);
    expect(Math.abs(Date.now() / 1000 - 60 - Number(exp))).toBeLessThan(5);
  });

  it('uses the clock of the test', async () => {
    const logto = await start();
    vi.useFakeTimers({ toFake: ['Date'], now: 2_000_000_000_000 });
    expect(decodeJwt(await logto.issueToken({ expiresIn: 10 }))).toMatchObject({
      iat: 2_000_000_000,
      exp: 2_000_000_010,
    });
  });
});

describe('the keys', () => {
  it.each(['ES384', 'RS256', 'ES256', 'ES512', 'PS256'])('sign with %s', async (alg) => {
    const logto = await start({ alg });
    const token = await logto.issueToken({ scopes: ['read:products'] });
    expect(await resultOf(guardsOf(logto), token, { scopes: ['read:products'] })).toBe('ok');
    const { protectedHeader } = await jwtVerify(token, createLocalJWKSet(await keysOf(logto)), {
      issuer: logto.issuer,
      audience: logto.audience,
      typ: 'at+jwt',
    });
    expect(protectedHeader.alg).toBe(alg);
  });

  it('are published with the same members and response headers as by Logto', async () => {
    const logto = await start();
    await logto.rotateKeys({ alg: 'RS256' });
    const response = await fetch(`${logto.issuer}/jwks`);
    const { 'content-type': type, 'cache-control': caching } = fixture('jwks-response-headers.json');
    expect(response.headers.get('content-type')).toBe(type);
    expect(response.headers.get('cache-control')).toBe(caching);
    const sorted = (keys: object[]) => keys.map((key) => names(key).sort());
    expect(sorted(((await response.json()) as JSONWebKeySet).keys)).toEqual(
      sorted(fixture('jwks-ec-and-rsa.json').keys),
    );
  });

  it('can be read without a request and used as pinned keys', async () => {
    const logto = await start();
    await logto.rotateKeys({ alg: 'RS256' });
    const jwks = await logto.keySet();
    expect(logto.keyRequests).toBe(0);
    expect(jwks).toEqual(await keysOf(logto));
    expect((jwks.keys[0] as { kid: string }).kid).toBe(await logto.currentKid());
    expect(kidOf(await logto.issueToken())).toBe(await logto.currentKid());
    const auth = createLogtoAuth({ issuers: [{ issuer: logto.issuer, jwks }], audience: logto.audience });
    expect(await resultOf(auth, await logto.issueToken())).toBe('ok');
  });

  it('are fetched by guards once, which keyRequests counts', async () => {
    const logto = await start();
    const auth = guardsOf(logto);
    expect(logto.keyRequests).toBe(0);
    for (let round = 0; round < 3; round += 1) {
      expect(await resultOf(auth, await logto.issueToken())).toBe('ok');
    }
    expect(logto.keyRequests).toBe(1);
  });

  it('are served at their own URL and for GET only', async () => {
    const logto = await start();
    const statuses = await Promise.all([
      fetch(logto.endpoint).then(({ status }) => status),
      fetch(`${logto.issuer}/jwks`, { method: 'POST' }).then(({ status }) => status),
    ]);
    expect(statuses).toEqual([404, 404]);
    expect(logto.keyRequests).toBe(0);
  });
});

describe('a rotation', () => {
  it('adds a new key and keeps the previous one valid until the next rotation', async () => {
    const logto = await start();
    const tokens = [await logto.issueToken()];
    await logto.rotateKeys();
    tokens.push(await logto.issueToken());
    await logto.rotateKeys();
    tokens.push(await logto.issueToken());
    expect(new Set(tokens.map(kidOf)).size).toBe(3);
    const results = await Promise.all(tokens.map((token) => resultOf(guardsOf(logto), token)));
    expect(results).toEqual(['unknown_key', 'ok', 'ok']);
    expect((await keysOf(logto)).keys.map(({ kid }) => kid)).toEqual(tokens.slice(1).map(kidOf).reverse());
  });

  it('is noticed by guards that have the previous key', async () => {
    const logto = await start();
    const auth = guardsOf(logto);
    const before = await logto.issueToken();
    expect(await resultOf(auth, before)).toBe('ok');
    await logto.rotateKeys();
    expect(await resultOf(auth, await logto.issueToken())).toBe('ok');
    expect(await resultOf(auth, before)).toBe('ok');
    expect(logto.keyRequests).toBe(2);
  });

  it('can withdraw the previous key, whose tokens are then refused', async () => {
    const logto = await start();
    const auth = guardsOf(logto);
    const before = await logto.issueToken();
    expect(await resultOf(auth, before)).toBe('ok');
    await logto.rotateKeys({ keepPrevious: false });
    expect(await resultOf(auth, await logto.issueToken())).toBe('ok');
    expect(await resultOf(auth, before)).toBe('unknown_key');
  });

  it('can be staged: it publishes the next key, and the next call makes that key sign', async () => {
    const logto = await start();
    const auth = guardsOf(logto);
    const kidsOf = async () => (await logto.keySet()).keys.map((key) => (key as { kid: string }).kid);
    await logto.rotateKeys();
    const [current, previous] = await kidsOf();
    await logto.rotateKeys({ staged: true, alg: 'RS256' });
    const [, next] = await kidsOf();
    expect(await kidsOf()).toEqual([current, next, previous]);
    expect(kidOf(await logto.issueToken())).toBe(current);
    expect(await resultOf(auth, await logto.issueToken())).toBe('ok');
    await expect(logto.rotateKeys({ staged: true })).rejects.toThrow('a key is already staged');
    await expect(logto.rotateKeys({ alg: 'ES256' })).rejects.toThrow('a key is already staged');
    await logto.rotateKeys();
    expect(await kidsOf()).toEqual([next, current]);
    expect(decodeProtectedHeader(await logto.issueToken())).toMatchObject({ alg: 'RS256', kid: next });
    expect(await resultOf(auth, await logto.issueToken())).toBe('ok');
    // The guard had the key in time, so it fetched the keys once.
    expect(logto.keyRequests).toBe(1);
  });

  it('can change the algorithm, which later rotations keep', async () => {
    const logto = await start();
    const algOf = async () => decodeProtectedHeader(await logto.issueToken()).alg;
    await logto.rotateKeys({ alg: 'RS256' });
    expect(await algOf()).toBe('RS256');
    await logto.rotateKeys();
    expect(await algOf()).toBe('RS256');
  });

  it('takes effect in the order of the calls, however long the generation of a key takes', async () => {
    const logto = await start();
    await Promise.all([logto.rotateKeys({ alg: 'RS256' }), logto.rotateKeys({ alg: 'ES256' })]);
    expect((await keysOf(logto)).keys.map(({ kty }) => kty)).toEqual(['EC', 'RSA']);
    expect(decodeProtectedHeader(await logto.issueToken()).alg).toBe('ES256');
  });
});

describe('a stopped Logto', () => {
  it('makes guards without its keys refuse with 503, and guards with its keys still work', async () => {
    const logto = await start();
    const warm = guardsOf(logto);
    expect(await resultOf(warm, await logto.issueToken())).toBe('ok');
    await logto.stop();
    expect(await resultOf(guardsOf(logto), await logto.issueToken())).toBe('keys_unavailable');
    expect(await resultOf(warm, await logto.issueToken())).toBe('ok');
    await logto.rotateKeys();
    expect(await resultOf(warm, await logto.issueToken())).toBe('keys_unavailable');
  });

  it('restarts at the same address, with its keys and its request count', async () => {
    const logto = await start();
    const { endpoint } = logto;
    const token = await logto.issueToken();
    expect(await resultOf(guardsOf(logto), token)).toBe('ok');
    await logto.stop();
    await logto.start();
    expect(logto.endpoint).toBe(endpoint);
    expect(await resultOf(guardsOf(logto), token)).toBe('ok');
    expect(logto.keyRequests).toBe(2);
  });

  it('can be stopped and started repeatedly without awaiting the calls', async () => {
    const logto = await start();
    await Promise.all([logto.start(), logto.stop(), logto.stop(), logto.start(), logto.start()]);
    expect((await keysOf(logto)).keys).toHaveLength(1);
    await Promise.all([logto.start(), logto.stop(), logto.stop()]);
    await expect(keysOf(logto)).rejects.toThrow('fetch failed');
  });

  it('reports if its port is in use, and restarts once the port is free', async () => {
    const logto = await start();
    const port = Number(new URL(logto.endpoint).port);
    await logto.stop();
    const taker = createServer().listen(port, '127.0.0.1');
    await once(taker, 'listening');
    await expect(startTestLogto({ port })).rejects.toThrow('EADDRINUSE');
    await expect(logto.start()).rejects.toThrow('EADDRINUSE');
    taker.close();
    await once(taker, 'close');
    await logto.start();
    expect((await keysOf(logto)).keys).toHaveLength(1);
  });

  it('has closed every connection: keep-alive, idle, or in the middle of a request', async () => {
    const logto = await start();
    const { port } = new URL(logto.endpoint);
    const request = 'GET /oidc/jwks HTTP/1.1\r\nHost: localhost\r\n';
    const sockets = await Promise.all(
      ['', request, `${request}\r\n`].map(async (bytes) => {
        const socket = connect(Number(port), '127.0.0.1');
        await once(socket, 'connect');
        socket.write(bytes);
        return socket;
      }),
    );
    const [idle, halfway, keptAlive] = sockets as [Socket, Socket, Socket];
    await once(keptAlive, 'data');
    const closed = Promise.all(sockets.map((socket) => once(socket.resume(), 'close')));
    expect([idle, halfway, keptAlive].map(({ readyState }) => readyState)).toEqual(['open', 'open', 'open']);
    await logto.stop();
    await closed;
  });
});

it('startTestLogto listens on the given port', async () => {
  const logto = await start();
  const { endpoint } = logto;
  await logto.stop();
  const next = await start({ port: Number(new URL(endpoint).port) });
  expect(next.endpoint).toBe(endpoint);
  expect(next.issuer).toBe(`${endpoint}/oidc`);
});

it('the functions of a test Logto need no `this`', async () => {
  const { endpoint, audience, issueToken, rotateKeys, stop } = await start();
  await rotateKeys();
  expect(await resultOf(createLogtoAuth({ endpoint, audience }), await issueToken())).toBe('ok');
  await stop();
});
