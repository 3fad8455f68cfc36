import { once } from 'node:events';
import { connect } from 'node:net';
import { createLogtoAuth, type LogtoAuth } from 'express-logto-m2m';
import request, { type Response } from 'supertest';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { askForToken, type TokenRequest, withAlteredScope } from '../../demo/src/tokens.js';
import { createApp } from '../../example-server/app.js';
import { type RunningServer, serve } from '../../example-server/http/serve.js';
import { Catalogue } from '../../example-server/shop/catalogue.js';
import { createShop, type Shop } from '../../example-server/shop/shop.js';
import { type Directory, shopDirectory } from '../local-issuer/directory.js';
import { type LocalIssuer, startLocalIssuer } from '../local-issuer/local-issuer.js';
import { eventually } from '../support/eventually.js';

const shoppingApi = 'https://shopping.api';
const cornerShop = 'tgqjike3k7pu';
const farmShop = 'w1h7qob3z0o3';
const nightShop = 'n7jd2k5l8s0x';
const today = new Date('2026-03-14T10:00:00Z');
const newProduct = { name: 'Green tea', price: { cents: 790, currency: 'EUR' }, stock: 60 };
const allScopes = ['read:products', 'write:products', 'delete:products', 'read:orders'];

const directory = testDirectory();
let logto: LocalIssuer;
let auth: LogtoAuth;
let api: RunningServer;

beforeAll(async () => {
  logto = await startLocalIssuer({ directory });
  auth = createLogtoAuth({ endpoint: logto.endpoint, audience: shoppingApi });
});
afterAll(() => logto.stop());

beforeEach(() => open(createShop(today)));
afterEach(() => api.stop());

async function open(shop: Shop, itsAuth = auth) {
  api = await serve(createApp(itsAuth, shop), 0);
}

/** The shop's tenant, plus all permissions for partner-service and an organization without data in the shop. */
function testDirectory(): Directory {
  const shop = shopDirectory();
  shop.organizations.push({ id: nightShop, name: 'Night Shop' });
  for (const app of shop.applications.filter(({ name }) => name === 'partner-service')) {
    const roles = { permissions: ['read:reports'], grants: { [shoppingApi]: allScopes } };
    app.organizations = { [cornerShop]: roles, [nightShop]: roles };
  }
  return shop;
}

function ask(name: string, what: TokenRequest) {
  const app = directory.applications.find((candidate) => candidate.name === name);
  if (!app) throw new Error(`no app ${name}`);
  return askForToken(logto.issuer, app, what);
}

async function tokenFor(scope: string, name = 'catalog-service'): Promise<string> {
  return (await ask(name, { resource: shoppingApi, scope })).text;
}

async function partnerToken(scope: string, organization_id = cornerShop): Promise<string> {
  return (await ask('partner-service', { resource: shoppingApi, organization_id, scope })).text;
}

async function reportsToken(organization_id = cornerShop, scope = 'read:reports'): Promise<string> {
  return (await ask('partner-service', { organization_id, scope })).text;
}

type Method = 'get' | 'post' | 'put' | 'delete';

function send(method: Method, path: string, token?: string, body?: string | object) {
  const sent = request(api.url)[method](path);
  if (token !== undefined) sent.set('Authorization', `Bearer ${token}`);
  if (body !== undefined) sent.set('Content-Type', 'application/json').send(body);
  return sent;
}

/** The status, challenge and body of a response as one value to compare. */
function answer({ status, headers, body }: Response) {
  return { status, challenge: headers['www-authenticate'], body };
}

const sentences = {
  unauthorized: 'This API needs an access token, sent as a bearer token in the Authorization header.',
  scope: 'The access token lacks a permission that this request needs.',
  organization: 'The access token is not valid for the organization of this request.',
};

const needsToken = (scope: string) => ({
  status: 401,
  challenge: `Bearer realm="api", scope="${scope}"`,
  body: { error: 'unauthorized', error_description: sentences.unauthorized },
});
const invalidToken = (description: string) => ({
  status: 401,
  challenge: `Bearer realm="api", error="invalid_token", error_description="${description}"`,
  body: { error: 'invalid_token', error_description: description },
});
const forbidden = (scope: string, why: 'scope' | 'organization') => ({
  status: 403,
  challenge: `Bearer realm="api", scope="${scope}", error="insufficient_scope", error_description="${sentences[why]}"`,
  body: { error: 'insufficient_scope', error_description: sentences[why], scope },
});
const problem = (status: number, error: string, error_description: unknown) => ({
  status,
  challenge: undefined,
  body: { error, error_description },
});

interface Route {
  method: Method;
  path: string;
  scope: string;
  body?: object;
  status: number;
}
const productRoutes: Route[] = [
  { method: 'get', path: '/products', scope: 'read:products', status: 200 },
  { method: 'get', path: '/products/p1001', scope: 'read:products', status: 200 },
  { method: 'post', path: '/products', scope: 'write:products', body: newProduct, status: 201 },
  { method: 'put', path: '/products/p1001', scope: 'write:products', body: newProduct, status: 200 },
  { method: 'delete', path: '/products/p1001', scope: 'delete:products', status: 204 },
];
const routes: Route[] = [
  ...productRoutes,
  { method: 'get', path: '/orders/daily?date=2026-03-14', scope: 'read:orders', status: 200 },
];

describe.each(routes)('$method $path', ({ method, path, scope, body, status }) => {
  test(`serves an app with only ${scope}`, async () => {
    expect((await send(method, path, await tokenFor(scope), body)).status).toBe(status);
  });

  test('refuses an app with every other permission', async () => {
    const others = allScopes.filter((other) => other !== scope).join(' ');
    const response = await send(method, path, await tokenFor(others), body);
    expect(answer(response)).toEqual(forbidden(scope, 'scope'));
  });

  test('refuses an app without any permission', async () => {
    const response = await send(method, path, await tokenFor(scope, 'stranger-service'), body);
    expect(answer(response)).toEqual(forbidden(scope, 'scope'));
  });

  test('refuses a caller without a token', async () => {
    expect(answer(await send(method, path, undefined, body))).toEqual(needsToken(scope));
  });

  test('refuses a token that is valid only inside an organization', async () => {
    const response = await send(method, path, await partnerToken(scope), body);
    expect(answer(response)).toEqual(forbidden(scope, 'organization'));
  });
});

describe('refuses a token', () => {
  test('that was altered after signing', async () => {
    const token = await ask('statistics-service', { resource: shoppingApi, scope: 'read:products' });
    const altered = withAlteredScope(token, 'read:products write:products');
    expect(answer(await send('post', '/products', altered.text, newProduct))).toEqual(
      invalidToken('The signature of the access token is not valid.'),
    );
  });

  test('for another API', async () => {
    const token = await ask('catalog-service', { resource: 'https://inventory.api', scope: 'read:stock' });
    expect(answer(await send('get', '/products', token.text))).toEqual(
      invalidToken('The access token was issued for another API.'),
    );
  });

  test('for an organization itself', async () => {
    expect(answer(await send('get', '/products', await reportsToken()))).toEqual(
      invalidToken('The access token was issued for another API.'),
    );
  });

  test('that is not a JWT', async () => {
    expect(answer(await send('get', '/products', 'let-me-in'))).toEqual(
      invalidToken('The access token is not a well-formed JWT.'),
    );
  });

  test('that has expired', async () => {
    const token = await tokenFor('read:products');
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    vi.useFakeTimers({ toFake: ['Date'], now: (exp + 5) * 1000 });
    const response = await send('get', '/products', token);
    vi.useRealTimers();
    expect(answer(response)).toEqual(invalidToken('The access token has expired.'));
  });
});

describe('the products', () => {
  test('are listed together and read individually', async () => {
    const token = await tokenFor('read:products');
    const { products } = (await send('get', '/products', token)).body;
    expect(products).toHaveLength(6);
    expect(products[0]).toEqual({
      id: 'p1001',
      name: 'Espresso beans, 1 kg',
      price: { cents: 1890, currency: 'EUR' },
      stock: 120,
    });
    expect((await send('get', '/products/p1001', token)).body).toEqual(products[0]);
  });

  test('are added, changed and deleted', async () => {
    const token = await tokenFor('read:products write:products delete:products');
    const added = await send('post', '/products', token, newProduct);
    expect(added.headers['location']).toBe('/products/p1007');
    expect(added.body).toEqual({ id: 'p1007', ...newProduct });

    const changed = { ...newProduct, stock: 0 };
    expect((await send('put', '/products/p1007', token, changed)).body).toEqual({ id: 'p1007', ...changed });
    expect((await send('get', '/products/p1007', token)).body).toEqual({ id: 'p1007', ...changed });

    const removed = await send('delete', '/products/p1007', token);
    expect([removed.status, removed.text]).toEqual([204, '']);
    expect((await send('get', '/products/p1007', token)).status).toBe(404);
  });

  test.each(['get', 'put', 'delete'] as const)('return 404 to %s if they do not exist', async (method) => {
    const token = await tokenFor(allScopes.join(' '));
    const response = await send(method, '/products/p9999', token, method === 'put' ? newProduct : undefined);
    expect(answer(response)).toEqual(problem(404, 'not_found', 'There is no such product.'));
  });
});

describe('the orders of a day', () => {
  test('include their revenue', async () => {
    const { body } = await send('get', '/orders/daily?date=2026-03-13', await tokenFor('read:orders'));
    expect(body).toEqual({
      date: '2026-03-13',
      count: 2,
      revenue: { cents: 7200, currency: 'EUR' },
      orders: [
        {
          id: 'o2001',
          items: [{ productId: 'p1002', quantity: 3 }],
          total: { cents: 2970, currency: 'EUR' },
        },
        {
          id: 'o2002',
          items: [
            { productId: 'p1001', quantity: 2 },
            { productId: 'p1005', quantity: 1 },
          ],
          total: { cents: 4230, currency: 'EUR' },
        },
      ],
    });
  });

  test('are empty if nothing was ordered', async () => {
    const { body } = await send('get', '/orders/daily?date=2020-02-29', await tokenFor('read:orders'));
    expect(body).toEqual({
      date: '2020-02-29',
      count: 0,
      revenue: { cents: 0, currency: 'EUR' },
      orders: [],
    });
  });
});

describe('organizations', () => {
  describe.each(productRoutes)('$method $path', ({ method, path, scope, body, status }) => {
    test('serves a token of the organization in the path', async () => {
      const response = await send(
        method,
        `/organizations/${cornerShop}${path}`,
        await partnerToken(scope),
        body,
      );
      expect(response.status).toBe(status);
    });

    test('refuses a token of another organization', async () => {
      const response = await send(
        method,
        `/organizations/${farmShop}${path}`,
        await partnerToken(scope),
        body,
      );
      expect(answer(response)).toEqual(forbidden(scope, 'organization'));
    });

    test('refuses a token without an organization', async () => {
      const response = await send(method, `/organizations/${cornerShop}${path}`, await tokenFor(scope), body);
      expect(answer(response)).toEqual(forbidden(scope, 'organization'));
    });

    test('refuses a token without the permission', async () => {
      const others = allScopes.filter((other) => other !== scope).join(' ');
      const token = await partnerToken(others);
      const response = await send(method, `/organizations/${cornerShop}${path}`, token, body);
      expect(answer(response)).toEqual(forbidden(scope, 'scope'));
    });
  });

  test('keep their products separate from the shop', async () => {
    const token = await partnerToken('read:products write:products');
    const added = await send('post', `/organizations/${cornerShop}/products`, token, newProduct);
    expect(added.headers['location']).toBe(`/organizations/${cornerShop}/products/p1003`);

    const { body } = await send('get', `/organizations/${cornerShop}/products`, token);
    expect(body.products.map(({ name }: { name: string }) => name)).toEqual([
      'Sourdough loaf',
      'Oat milk, 1 l',
      'Green tea',
    ]);
    expect((await send('get', '/products', await tokenFor('read:products'))).body.products).toHaveLength(6);
  });

  test('read their reports with an organization token', async () => {
    const response = await send('get', `/organizations/${cornerShop}/reports`, await reportsToken());
    expect(answer(response)).toEqual({
      status: 200,
      challenge: undefined,
      body: { organization: 'Corner Shop', reports: createShop().organizations.get(cornerShop)?.reports },
    });
  });

  test('cannot read the reports of another organization', async () => {
    const response = await send('get', `/organizations/${farmShop}/reports`, await reportsToken());
    expect(answer(response)).toEqual(forbidden('read:reports', 'organization'));
  });

  test('refuse reports to a token without the permission', async () => {
    const response = await send(
      'get',
      `/organizations/${cornerShop}/reports`,
      await reportsToken(cornerShop, ''),
    );
    expect(answer(response)).toEqual(forbidden('read:reports', 'scope'));
  });

  test('refuse reports to a token for the API', async () => {
    const response = await send(
      'get',
      `/organizations/${cornerShop}/reports`,
      await partnerToken('read:products'),
    );
    expect(answer(response)).toEqual(invalidToken('The access token was issued for another API.'));
  });

  test('return 404 if the shop does not know them, but only to tokens of that organization', async () => {
    const noOrganization = problem(404, 'not_found', 'There is no such organization.');
    const products = `/organizations/${nightShop}/products`;
    const insider = await partnerToken('read:products', nightShop);
    expect(answer(await send('get', products, insider))).toEqual(noOrganization);
    expect(
      answer(await send('get', `/organizations/${nightShop}/reports`, await reportsToken(nightShop))),
    ).toEqual(noOrganization);
    expect(answer(await send('get', products, await partnerToken('read:products')))).toEqual(
      forbidden('read:products', 'organization'),
    );
    expect(answer(await send('get', products))).toEqual(needsToken('read:products'));
  });
});

describe('invalid input', () => {
  test.each([
    ['a missing field', { ...newProduct, name: undefined }, /^name: /],
    ['a name of spaces', { ...newProduct, name: '   ' }, /^name: /],
    [
      'a price that is not an integer',
      { ...newProduct, price: { cents: 7.9, currency: 'EUR' } },
      /^price\.cents: /,
    ],
    ['a negative price', { ...newProduct, price: { cents: -1, currency: 'EUR' } }, /^price\.cents: /],
    ['an unknown currency', { ...newProduct, price: { cents: 1, currency: 'XYZ' } }, /^price\.currency: /],
    ['a stock that is not a number', { ...newProduct, stock: 'many' }, /^stock: /],
    ['two wrong fields', { ...newProduct, name: '', stock: -1 }, /^name: .+; stock: /],
    ['an unknown field', { ...newProduct, colour: 'green' }, /^body: .*"colour"/],
    ['a list', [newProduct], /^body: /],
  ])('returns 400 and names the field: %s', async (_what, body, description) => {
    const token = await tokenFor('write:products');
    const expected = problem(400, 'invalid_request', expect.stringMatching(description));
    expect(answer(await send('post', '/products', token, body))).toEqual(expected);
    expect(answer(await send('put', '/products/p1001', token, body))).toEqual(expected);
  });

  test('returns 400 for a missing body', async () => {
    const response = await send('post', '/products', await tokenFor('write:products'));
    expect(answer(response)).toEqual(problem(400, 'invalid_request', expect.stringMatching(/^body: /)));
  });

  test.each(['', '?date=', '?date=yesterday', '?date=2026-02-30', '?date=2026-03-14&date=2026-03-13'])(
    'returns 400 and names the date: /orders/daily%s',
    async (query) => {
      const response = await send('get', `/orders/daily${query}`, await tokenFor('read:orders'));
      expect(answer(response)).toEqual(problem(400, 'invalid_request', expect.stringMatching(/^date: /)));
    },
  );

  test.each(['get', 'put', 'delete'] as const)('returns 400 and names the id to %s', async (method) => {
    const token = await tokenFor(allScopes.join(' '));
    const response = await send(method, '/products/first', token, method === 'put' ? newProduct : undefined);
    expect(answer(response)).toEqual(
      problem(400, 'invalid_request', 'id: must be a product id such as p1001'),
    );
  });

  test('returns 400 for a body that is not JSON', async () => {
    const response = await send('post', '/products', await tokenFor('write:products'), '{"name": ');
    expect(answer(response)).toEqual(problem(400, 'invalid_request', 'The body is not valid JSON.'));
  });

  test('returns 413 for a body over the limit', async () => {
    const body = { ...newProduct, name: 'x'.repeat(20_000) };
    const response = await send('post', '/products', await tokenFor('write:products'), body);
    expect(answer(response)).toEqual(problem(413, 'payload_too_large', 'The body is too large.'));
  });

  test('returns 400 for a path that cannot be decoded', async () => {
    const response = await send('get', '/products/%E0%A4%A', await tokenFor('read:products'));
    expect(answer(response)).toEqual(problem(400, 'invalid_request', 'The request is malformed.'));
  });

  test.each([
    ['an unknown path', 'get', '/customers'],
    ['an unsupported method', 'post', '/orders/daily'],
  ] as const)('returns 404 for %s', async (_what, method, path) => {
    const response = await send(method, path, await tokenFor(allScopes.join(' ')));
    expect(answer(response)).toEqual(problem(404, 'not_found', 'There is no such route.'));
  });

  test.each([
    ['a wrong field', 'post', '/products', { name: 7 }],
    ['a body that is not JSON', 'post', '/products', '{"name": '],
    ['a body over the limit', 'post', '/products', { name: 'x'.repeat(20_000) }],
    ['a body that is not JSON, to put', 'put', '/products/p1001', '{"name": '],
    ['a wrong id', 'put', '/products/first', newProduct],
    ['an unknown product', 'put', '/products/p9999', newProduct],
  ] as const)('is checked only after the token: %s', async (_what, method, path, body) => {
    expect(answer(await send(method, path, undefined, body))).toEqual(needsToken('write:products'));
    const reader = await tokenFor('read:products');
    expect(answer(await send(method, path, reader, body))).toEqual(forbidden('write:products', 'scope'));
  });
});

test('an internal error returns 500 without details and is logged', async () => {
  const log = vi.spyOn(console, 'error').mockImplementation(() => {});
  const mistake = new Error('the password is swordfish');
  const catalogue = Object.assign(new Catalogue([]), {
    list() {
      throw mistake;
    },
  });
  await api.stop();
  await open({ ...createShop(today), catalogue });

  const response = await send('get', '/products', await tokenFor('read:products'));
  const logged = log.mock.calls;
  log.mockRestore();
  expect(answer(response)).toEqual(problem(500, 'server_error', 'The server failed.'));
  expect(logged).toEqual([[mistake]]);
});

describe('probes', () => {
  test('return 200 once the keys are fetched', async () => {
    await auth.ready();
    for (const path of ['/healthz', '/readyz']) {
      const { status, headers, body } = await send('get', path);
      expect({ status, cache: headers['cache-control'] }).toEqual({ status: 200, cache: 'no-store' });
      expect(body).toMatchObject({ ready: true, issuers: [{ issuer: logto.issuer }] });
    }
  });

  test('report an outage of Logto and its end', async () => {
    const passing = await startLocalIssuer({ directory });
    await passing.stop();
    const port = Number(new URL(passing.endpoint).port);
    await api.stop();
    await open(createShop(today), createLogtoAuth({ endpoint: passing.endpoint, audience: shoppingApi }));

    expect((await send('get', '/healthz')).status).toBe(200);
    const down = await send('get', '/readyz');
    expect([down.status, down.body.ready]).toEqual([503, false]);
    // Only the probe has started a fetch of the keys, and it failed.
    await eventually(async () => {
      const { status, body } = await send('get', '/healthz');
      expect({ status, error: body.issuers[0].lastError }).toEqual({
        status: 200,
        error: expect.stringContaining('ECONNREFUSED'),
      });
    });

    const returned = await startLocalIssuer({ directory, port });
    try {
      await vi.waitFor(async () => expect((await send('get', '/readyz')).status).toBe(200), {
        timeout: 10_000,
        interval: 100,
      });
    } finally {
      await returned.stop();
    }
  });
});

describe('stopping', () => {
  test('waits ten seconds at most for a pending request', async () => {
    const { port } = new URL(api.url);
    const socket = connect(Number(port), '127.0.0.1');
    const token = await tokenFor('write:products');
    socket.write(
      `POST /products HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer ${token}\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n`,
    );
    expect(String(await once(socket, 'data'))).toMatch('HTTP/1.1 100 Continue');

    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const stopped = vi.fn();
      const stopping = api.stop().then(stopped);
      vi.advanceTimersByTime(9_999);
      await new Promise(setImmediate);
      expect(stopped).not.toHaveBeenCalled();
      vi.advanceTimersByTime(1);
      await stopping;
    } finally {
      vi.useRealTimers();
    }
    await open(createShop(today));
  });
});
