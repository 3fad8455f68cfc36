import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createLogtoAuth } from './../src/index.js';
import { type Application, type Directory, shopDirectory } from './local-issuer/directory.js';
import { type LocalIssuer, startLocalIssuer } from './local-issuer/local-issuer.js';
import { resultOf } from './support/result.js';

// The spies are set before the imports above run, since some modules write to the console when they load.
const consoleMethods = vi.hoisted(() =>
  (['debug', 'log', 'info', 'warn', 'error'] as const).map((method) => vi.spyOn(console, method)),
);

interface Request {
  grant: string | null;
  clientAuthentication: string | null;
  client: string | null;
}
interface TokenCase extends Request {
  response: Record<string, unknown>;
  header: Record<string, unknown>;
  payload: Record<string, unknown>;
}
interface ErrorCase extends Request {
  status: number;
  headers: Record<string, string>;
  body: Record<string, string>;
}

const fixture = (name: string) =>
  JSON.parse(readFileSync(new URL(`./fixtures/logto/${name}`, import.meta.url), 'utf8'));
const tokens: Record<string, TokenCase> = fixture('tokens.json');
const tokenErrors: Record<string, ErrorCase> = fixture('token-errors.json');
const fixtureEndpoint = 'http://localhost:3001';

const shopping = 'https://shopping.api';
const management = 'https://default.logto.app/api';
const cornerShop = 'tgqjike3k7pu';

function app(id: string, name: string, rest: Partial<Application> = {}): Application {
  return { id, name, secret: `${name}-test-secret`, grants: {}, organizations: {}, ...rest };
}

// The tenant that the fixtures were captured from: the shop's APIs and organizations, and these apps.
const fixtureDirectory: Directory = {
  ...shopDirectory(),
  applications: [
    app('2vm09dnzd81w0pqklfv5y', 'statistics-service', { grants: { [shopping]: ['read:products'] } }),
    app('csqo34l4gpok0nvzpxvks', 'catalog-service', {
      grants: { [shopping]: ['read:products', 'write:products', 'delete:products'] },
      organizations: {
        [cornerShop]: { permissions: ['read:reports'], grants: { [shopping]: ['read:products'] } },
      },
    }),
    app('zgu7e5jvgd8pyxqwj1dlw', 'stranger-service'),
    app('g3h0wv7culiho1cqptjpf', 'management-service', { grants: { [management]: ['all'] } }),
  ],
};

const running: LocalIssuer[] = [];
async function start(...options: Parameters<typeof startLocalIssuer>): Promise<LocalIssuer> {
  const issuer = await startLocalIssuer(...options);
  running.push(issuer);
  return issuer;
}
afterAll(() => Promise.all(running.map((issuer) => issuer.stop())));

/** Sends the token request of a fixture, in which `…` stands for the secret. */
async function ask(issuer: LocalIssuer, request: Request, directory: Directory, secret?: string) {
  const { grant, clientAuthentication, client } = request;
  const known = directory.applications.find(({ name }) => name === client);
  const id = known?.id ?? client ?? '';
  const password = secret ?? known?.secret ?? 'any';
  const body = grant?.replace('client_secret=…', `client_secret=${password}`) ?? '';
  const credentials = Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(password)}`);
  return fetch(`${issuer.issuer}/token`, {
    method: 'POST',
    headers: {
      'content-type': body.startsWith('{') ? 'application/json' : 'application/x-www-form-urlencoded',
      ...(clientAuthentication === 'client_secret_basic' && {
        authorization: `Basic ${credentials.toString('base64')}`,
      }),
    },
    body,
  });
}

function askAs(
  issuer: LocalIssuer,
  directory: Directory,
  client: string,
  parameters: Record<string, string>,
) {
  const grant = String(new URLSearchParams({ grant_type: 'client_credentials', ...parameters }));
  return ask(issuer, { grant, clientAuthentication: 'client_secret_basic', client }, directory);
}

async function keySet(issuer: LocalIssuer): Promise<JSONWebKeySet> {
  return (await (await fetch(`${issuer.issuer}/jwks`)).json()) as JSONWebKeySet;
}

/** Verifies a token with the published keys of the issuer and returns its claims. */
async function claimsOf(issuer: LocalIssuer, token: string) {
  const keys = createLocalJWKSet(await keySet(issuer));
  return (await jwtVerify(token, keys, { issuer: issuer.issuer, typ: 'at+jwt' })).payload;
}

async function readResponse(response: Response) {
  const { access_token: token, ...body } = (await response.json()) as Record<string, unknown>;
  return { status: response.status, token: String(token), body };
}

describe.each([
  ['ES384', 'jwks-ec.json'],
  ['RS256', 'jwks-ec-and-rsa.json'],
] as const)('with keys for %s', (signingKeys, jwksFile) => {
  const cases = Object.entries(tokens).filter(
    ([, { grant, header }]) => grant !== null && header['alg'] === signingKeys,
  );
  let issuer: LocalIssuer;
  beforeAll(async () => {
    issuer = await start({ directory: fixtureDirectory, signingKeys });
  });

  test.each(cases)('grants what Logto granted: %s', async (_name, expected) => {
    const before = Math.floor(Date.now() / 1000);
    const { status, token, body } = await readResponse(await ask(issuer, expected, fixtureDirectory));

    expect(status).toBe(200);
    expect(body).toEqual(expected.response);

    const header = decodeProtectedHeader(token);
    expect(header).toEqual({ ...expected.header, kid: expect.stringMatching(/^[\w-]{43}$/) });
    expect((await keySet(issuer)).keys.map(({ kid }) => kid)).toContain(header.kid);

    const claims = await claimsOf(issuer, token);
    const { iat = Number.NaN, exp = Number.NaN } = claims;
    expect(Object.keys(claims)).toEqual(Object.keys(expected.payload));
    expect(claims).toEqual({
      ...expected.payload,
      iss: issuer.issuer,
      jti: expect.stringMatching(/^[\w-]{43}$/),
      iat,
      exp,
    });
    expect(iat).toBeGreaterThanOrEqual(before);
    expect(exp - iat).toBe(3600);
    expect(claims.sub).toBe(claims['client_id']);
  });

  test('publishes keys with the members that Logto publishes', async () => {
    const members = ({ keys }: JSONWebKeySet) =>
      keys.map((key) => ({
        names: Object.keys(key),
        kty: key.kty,
        use: key.use,
        alg: key.alg,
        crv: key.crv,
      }));
    expect(members(await keySet(issuer))).toEqual(members(fixture(jwksFile)));
  });
});

describe('refuses what Logto refuses', () => {
  let issuer: LocalIssuer;
  beforeAll(async () => {
    issuer = await start({ directory: fixtureDirectory });
  });

  test.each(Object.entries(tokenErrors))('%s', async (name, expected) => {
    const secret = name.startsWith('wrong-secret') ? 'wrong' : undefined;
    const response = await ask(issuer, expected, fixtureDirectory, secret);

    expect(response.status).toBe(expected.status);
    expect(await response.json()).toEqual(expected.body);
    const challenge = expected.headers['www-authenticate']?.replace(fixtureEndpoint, issuer.endpoint);
    expect({
      'cache-control': response.headers.get('cache-control'),
      'content-type': response.headers.get('content-type'),
      'www-authenticate': response.headers.get('www-authenticate') ?? undefined,
    }).toEqual({ ...expected.headers, 'www-authenticate': challenge });
  });
});

describe('publishes its key set', () => {
  test('with the caching headers of Logto', async () => {
    const issuer = await start({ directory: fixtureDirectory });
    const { headers } = await fetch(`${issuer.issuer}/jwks`);
    const expected: Record<string, string> = fixture('jwks-response-headers.json');
    for (const name of ['cache-control', 'content-type', 'access-control-allow-origin']) {
      expect(headers.get(name), name).toBe(expected[name]);
    }
    expect(headers.get('etag')).toMatch(/^"101-[\w+/]{27}"$/);
  });

  test('at the address in the discovery document', async () => {
    const issuer = await start({ directory: fixtureDirectory });
    const discovery = await fetch(`${issuer.issuer}/.well-known/openid-configuration`);
    const document = (await discovery.json()) as Record<string, unknown>;
    const expected: Record<string, string> = fixture('openid-configuration.json');
    for (const name of ['issuer', 'jwks_uri', 'token_endpoint']) {
      expect(document[name], name).toBe(expected[name]?.replace(fixtureEndpoint, issuer.endpoint));
    }
  });
});

describe('applies changes of the directory at once:', () => {
  const wanted = { resource: shopping, scope: 'read:products' };

  test('a shorter token lifetime', async () => {
    const directory = structuredClone(fixtureDirectory);
    const issuer = await start({ directory });
    for (const resource of directory.resources) resource.accessTokenTtl = 5;

    const { body, token } = await readResponse(await askAs(issuer, directory, 'statistics-service', wanted));
    expect(body).toEqual(tokens['short-ttl-5s']?.response);
    const { iat = Number.NaN, exp } = await claimsOf(issuer, token);
    expect(exp).toBe(iat + 5);
  });

  test('a removed permission, a changed secret, a deleted app', async () => {
    const directory = structuredClone(fixtureDirectory);
    const issuer = await start({ directory });
    const [statistics] = directory.applications;
    const old = structuredClone(directory);
    if (!statistics) throw new Error('no app');

    expect((await readResponse(await askAs(issuer, old, 'statistics-service', wanted))).body).toHaveProperty(
      'scope',
    );
    statistics.grants = {};
    const { body } = await readResponse(await askAs(issuer, old, 'statistics-service', wanted));
    expect(body).not.toHaveProperty('scope');
    statistics.secret = 'another-test-secret';
    expect((await askAs(issuer, old, 'statistics-service', wanted)).status).toBe(401);
    directory.applications.shift();
    expect((await askAs(issuer, old, 'statistics-service', wanted)).status).toBe(400);
  });
});

describe('accepts names with any characters, as Logto does,', () => {
  const unicode = 'https://bücher.api/ü';
  const ascii = 'https://xn--bcher-kva.api/%C3%BC';
  const scopes = ['ü', 'a"b', 'read:books'];
  const directory: Directory = {
    ...fixtureDirectory,
    resources: [unicode, ascii].map((indicator) => ({ indicator, scopes, accessTokenTtl: 60 })),
    applications: [app('reader', 'reader', { grants: { [unicode]: scopes, [ascii]: scopes } })],
  };

  test.each([unicode, ascii])('and puts the identifier %s into `aud` unchanged', async (resource) => {
    const issuer = await start({ directory });
    const { body, token } = await readResponse(
      await askAs(issuer, directory, 'reader', { resource, scope: scopes.join(' ') }),
    );
    expect(body['scope']).toBe('ü a"b read:books');
    expect(await claimsOf(issuer, token)).toMatchObject({ aud: resource, scope: 'ü a"b read:books' });
  });

  test('and a guard accepts only the identifier that is a URI', async () => {
    const issuer = await start({ directory });
    const auth = createLogtoAuth({ endpoint: issuer.endpoint, audience: ascii });
    const results = [unicode, ascii].map(async (resource) => {
      const { token } = await readResponse(
        await askAs(issuer, directory, 'reader', { resource, scope: 'read:books' }),
      );
      return resultOf(auth, token, { scopes: ['read:books'] });
    });
    expect(await Promise.all(results)).toEqual(['audience', 'ok']);
    expect(() => createLogtoAuth({ endpoint: issuer.endpoint, audience: unicode })).toThrow(ascii);
  });
});

describe('rotates its keys as Logto does', () => {
  const wanted = { resource: shopping, scope: 'read:products' };
  const tokenOf = async (issuer: LocalIssuer) =>
    (await readResponse(await askAs(issuer, fixtureDirectory, 'statistics-service', wanted))).token;
  const kidsOf = async (issuer: LocalIssuer) => (await keySet(issuer)).keys.map(({ kid }) => kid);

  test.each([
    ['ES384', 'ES384'],
    ['ES384', 'RS256'],
    ['RS256', 'RS256'],
    ['RS256', 'ES384'],
  ] as const)('from %s to %s: the new key signs at once, and the previous one stays', async (from, to) => {
    const issuer = await start({ directory: fixtureDirectory, signingKeys: from });
    const before = await tokenOf(issuer);
    await issuer.rotateKeys(to);
    const after = await tokenOf(issuer);

    const { alg, kid } = decodeProtectedHeader(after);
    expect(alg).toBe(to);
    expect(await kidsOf(issuer)).toEqual([kid, decodeProtectedHeader(before).kid]);
    expect((await claimsOf(issuer, after)).iss).toBe(issuer.issuer);
    expect((await claimsOf(issuer, before)).iss).toBe(issuer.issuer);
  });

  test('twice: the first key is removed, and its tokens become invalid', async () => {
    const issuer = await start({ directory: fixtureDirectory });
    const first = await tokenOf(issuer);
    await issuer.rotateKeys();
    const second = await tokenOf(issuer);
    await issuer.rotateKeys();
    const third = await tokenOf(issuer);

    const kids = [third, second].map((token) => decodeProtectedHeader(token).kid);
    expect(await kidsOf(issuer)).toEqual(kids);
    await expect(claimsOf(issuer, first)).rejects.toThrow('no applicable key');
  });

  test('during requests, all of which succeed', async () => {
    const issuer = await start({ directory: fixtureDirectory });
    const asked = Array.from({ length: 20 }, () => tokenOf(issuer));
    await issuer.rotateKeys();
    for (const token of await Promise.all(asked)) await claimsOf(issuer, token);
  });
});

describe("the shop's directory", () => {
  const directory = shopDirectory();
  let issuer: LocalIssuer;
  beforeAll(async () => {
    issuer = await start({ directory });
  });

  const everything = directory.resources.flatMap(({ scopes }) => scopes).join(' ');
  const inOrganization = { organization_id: cornerShop };
  test.each([
    ['statistics-service', { resource: shopping }, 'read:products read:orders'],
    ['catalog-service', { resource: shopping }, 'read:products write:products delete:products read:orders'],
    ['catalog-service', { resource: 'https://inventory.api' }, 'read:stock'],
    ['stranger-service', { resource: shopping }, undefined],
    ['partner-service', { resource: shopping }, undefined],
    ['partner-service', { resource: shopping, ...inOrganization }, 'read:products write:products'],
    ['partner-service', { ...inOrganization, scope: 'read:reports' }, 'read:reports'],
  ])('gives %s for %o the scope %s', async (client, parameters, scope) => {
    const { body } = await readResponse(
      await askAs(issuer, directory, client, { scope: everything, ...parameters }),
    );
    expect(body['scope']).toBe(scope);
  });

  test('gives partner-service no access to the other organization', async () => {
    const parameters = { resource: shopping, organization_id: 'w1h7qob3z0o3' };
    expect((await askAs(issuer, directory, 'partner-service', parameters)).status).toBe(403);
  });

  test('has ids in the format of Logto and is copied for each caller', () => {
    for (const { id } of directory.applications) expect(id).toMatch(/^[a-z0-9]{21}$/);
    shopDirectory().applications.pop();
    expect(shopDirectory()).toEqual(directory);
  });
});

describe('the response to a page of another origin', () => {
  const page = 'https://shop.example';
  const wanted = { grant_type: 'client_credentials', resource: shopping, scope: 'read:products' };
  let issuer: LocalIssuer;
  beforeAll(async () => {
    const directory = structuredClone(fixtureDirectory);
    const [statistics] = directory.applications;
    if (statistics) statistics.corsAllowedOrigins = [page];
    issuer = await start({ directory });
  });

  function askFrom(origin: string, { id, secret }: Pick<Application, 'id' | 'secret'>) {
    const headers = { origin, authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` };
    return fetch(`${issuer.issuer}/token`, { method: 'POST', headers, body: new URLSearchParams(wanted) });
  }
  const appNamed = (name: string) =>
    fixtureDirectory.applications.find((candidate) => candidate.name === name) ?? app('', '');

  test('is readable if the app allows the origin', async () => {
    const response = await askFrom(page, appNamed('statistics-service'));
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([200, page]);
    const { token } = await readResponse(response);
    expect((await claimsOf(issuer, token))['scope']).toBe('read:products');
  });

  test('is readable even if the secret is wrong', async () => {
    const response = await askFrom(page, { ...appNamed('statistics-service'), secret: 'wrong' });
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([401, page]);
  });

  test.each([
    ['an origin that the app does not allow', 'https://elsewhere.example', 'statistics-service'],
    ['an origin that begins with an allowed one', `${page}.evil.example`, 'statistics-service'],
    ['an app without allowed origins', page, 'catalog-service'],
  ])('is an error without a token for %s', async (_what, origin, name) => {
    const response = await askFrom(origin, appNamed(name));
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([400, null]);
    expect(await response.json()).not.toHaveProperty('access_token');
  });
});

/** Opens a request without sending its body. */
async function openRequest(issuer: LocalIssuer) {
  const socket = connect(Number(new URL(issuer.endpoint).port), '127.0.0.1').resume();
  const head = ['POST /oidc/token HTTP/1.1', 'Host: 127.0.0.1', 'Content-Type: application/json'];
  socket.write([...head, 'Content-Length: 1', '', ''].join('\r\n'));
  await setTimeout(50);
  return socket;
}

test('stops during a request, and can be stopped twice', async () => {
  const issuer = await startLocalIssuer({ directory: fixtureDirectory });
  const socket = await openRequest(issuer);

  await Promise.all([issuer.stop(), once(socket, 'close')]);
  await issuer.stop();
  await expect(keySet(issuer)).rejects.toThrow('fetch failed');
});

test('listens on the given port and rejects a taken one', async () => {
  const first = await startLocalIssuer({ directory: fixtureDirectory });
  const port = Number(new URL(first.endpoint).port);
  await expect(startLocalIssuer({ directory: fixtureDirectory, port })).rejects.toThrow('EADDRINUSE');
  await first.stop();
  const second = await start({ directory: fixtureDirectory, port });
  expect(second.endpoint).toBe(first.endpoint);
});

test('writes nothing to the console, even for a browser, a broken body or a dropped connection', async () => {
  const issuer = await start({ directory: fixtureDirectory });
  const [{ id, secret } = app('', '')] = fixtureDirectory.applications;
  const post = (headers: Record<string, string>, body: string) =>
    fetch(`${issuer.issuer}/token`, { method: 'POST', headers, body });

  const page = await fetch(`${issuer.issuer}/auth?client_id=${id}`, { headers: { accept: 'text/html' } });
  const credentials = `client_id=${id}&client_secret=${secret}`;
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const crossOrigin = await post({ ...form, origin: 'https://elsewhere.example' }, credentials);
  const broken = await post({ 'content-type': 'application/json' }, '{');
  (await openRequest(issuer)).destroy();
  await setTimeout(50);

  expect([page, crossOrigin, broken].map(({ status }) => status)).toEqual([400, 400, 400]);
  expect(consoleMethods.flatMap((method) => method.mock.calls)).toEqual([]);
});
