import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import cors from 'cors';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import request, { type Response } from 'supertest';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createLogtoAuth, getAuth, type LogtoAuth, type LogtoAuthOptions } from '../../src/index.js';
import type { TestTokenOptions } from '../../src/testing/index.js';
import { AUDIENCE, forgedToken, ownLogto, readingToken, sharedLogto } from '../support/logto.js';
import { get } from '../support/request.js';
import { sharedIssuer } from '../support/test-issuer.js';

const INVENTORY = 'https://inventory.api';

const logto = await sharedLogto();
/** Whose keys can be kept waiting for. */
const issuer = await sharedIssuer();
let auth: LogtoAuth;
/** Runs behind the guards, and tells who called. */
const handler = vi.fn<RequestHandler>((req, res) => {
  res.json({ app: getAuth(req).clientId, same: req.auth === getAuth(req) });
});

beforeEach(() => {
  auth = instance();
  handler.mockClear();
});
afterEach(() => {
  issuer.answer = undefined;
});

const instance = (options: LogtoAuthOptions = {}): LogtoAuth =>
  createLogtoAuth({ endpoint: logto.endpoint, audience: AUDIENCE, ...options });

const reading = (options: TestTokenOptions = {}) => readingToken(logto, options);
const writing = () => logto.issueToken({ scopes: 'write:products' });
const both = () => logto.issueToken({ scopes: 'read:products write:products' });

async function statuses(app: Express, paths: readonly string[], token?: string): Promise<number[]> {
  const answers = await Promise.all(paths.map((path) => get(app, path, token)));
  return answers.map(({ status }) => status);
}

/** An error handler of an app, which tells what reached it. */
function errorHandler(): { handle: ErrorRequestHandler; seen: unknown[] } {
  const seen: unknown[] = [];
  return {
    seen,
    handle: (error, _req, res, _next) => {
      seen.push(error);
      res.status(error?.status ?? 500).json({ handled: true });
    },
  };
}

describe('a guard for many routes', () => {
  it('by app.use guards what comes behind it, what does not exist too, and nothing before it', async () => {
    const app = express();
    app.get('/health', (_req, res) => void res.end('up'));
    app.use(auth.authenticate());
    app.get('/products', handler);
    app.post('/products', handler);
    expect(await statuses(app, ['/health', '/products', '/nothing'])).toEqual([200, 401, 401]);
    expect((await request(app).post('/products')).status).toBe(401);
    expect(handler).not.toHaveBeenCalled();
    const token = await reading();
    expect(await statuses(app, ['/health', '/products', '/nothing'], token)).toEqual([200, 200, 404]);
    const posted = await request(app).post('/products').auth(token, { type: 'bearer' });
    expect(posted.status).toBe(200);
  });

  it('by app.use with a path guards that path and all below it, and no other that begins so', async () => {
    const app = express();
    app.use(['/products', '/orders'], auth.authenticate());
    for (const path of ['/products', '/products/1', '/orders', '/productsheet']) {
      app.get(path, (_req, res) => void res.end());
    }
    const paths = ['/products', '/PRODUCTS', '/products/', '/products/1', '/orders', '/productsheet'];
    expect(await statuses(app, paths)).toEqual([401, 401, 401, 401, 401, 200]);
  });

  it('by router.use guards the router, and the routes behind it may ask for more', async () => {
    const router = express.Router();
    router.use(auth.authenticate());
    router.get('/', handler);
    router.post('/', auth.requireScopes('write:products'), handler);
    const app = express();
    app.use('/products', router);
    app.get('/open', (_req, res) => void res.end());
    expect(await statuses(app, ['/products', '/products/nothing', '/open'])).toEqual([401, 401, 200]);
    expect(await statuses(app, ['/products', '/products/nothing'], await reading())).toEqual([200, 404]);
    const post = (token: string) => request(app).post('/products').auth(token, { type: 'bearer' });
    expect((await post(await reading())).status).toBe(403);
    expect((await post(await writing())).status).toBe(200);
    expect(handler).toHaveBeenCalledTimes(2);
  });

  it('by router.use leaves the routes open that stand before it in the router', async () => {
    const router = express.Router();
    router.get('/open', (_req, res) => void res.end());
    router.use(auth.authenticate());
    router.get('/closed', handler);
    expect(await statuses(express().use(router), ['/open', '/closed'])).toEqual([200, 401]);
  });
});

describe('a guard on one route', () => {
  it('of app.route holds for its own method, each for itself', async () => {
    const app = express();
    app
      .route('/products')
      .get(auth.requireScopes('read:products'), handler)
      .post(auth.requireScopes('write:products'), handler);
    const send = (method: 'get' | 'post' | 'put', token: string) =>
      request(app)[method]('/products').auth(token, { type: 'bearer' });
    expect((await send('get', await reading())).status).toBe(200);
    expect((await send('get', await writing())).status).toBe(403);
    expect((await send('post', await reading())).status).toBe(403);
    expect((await send('post', await writing())).status).toBe(200);
    expect((await send('put', await both())).status).toBe(404);
    expect(handler).toHaveBeenCalledTimes(2);
  });

  it('of app.all holds for every method', async () => {
    const app = express();
    app.all('/products', auth.requireScopes('read:products'), handler);
    for (const method of ['get', 'post', 'put', 'patch', 'delete', 'options'] as const) {
      expect((await request(app)[method]('/products')).status).toBe(401);
      const token = await reading();
      expect((await request(app)[method]('/products').auth(token, { type: 'bearer' })).status).toBe(200);
    }
    expect(handler).toHaveBeenCalledTimes(6);
  });

  it.each<[string, (guard: RequestHandler, second: RequestHandler) => RequestHandler[]]>([
    ['a list', (guard, second) => [guard, second, handler]],
    ['lists of lists', (guard, second) => [[guard], [[second], [[handler]]]] as unknown as RequestHandler[]],
  ])('may stand in %s of handlers', async (_where, handlers) => {
    const guards = [auth.requireScopes('read:products'), auth.requireScopes('write:products')] as const;
    const app = express();
    app.get('/products', handlers(...guards));
    app.use('/used', handlers(...guards));
    for (const path of ['/products', '/used']) {
      expect((await get(app, path)).status).toBe(401);
      expect((await get(app, path, await reading())).status).toBe(403);
      expect((await get(app, path, await writing())).status).toBe(403);
      expect(handler).not.toHaveBeenCalled();
      expect((await get(app, path, await both())).status).toBe(200);
      handler.mockClear();
    }
  });

  it('may be the same one on several routes, in several apps', async () => {
    const guard = auth.requireScopes('read:products');
    const app = express().get('/a', guard, handler).post('/b', guard, handler);
    const other = express().use(guard).get('/c', handler);
    const token = await reading();
    expect((await get(app, '/a', token)).status).toBe(200);
    expect((await request(app).post('/b').auth(token, { type: 'bearer' })).status).toBe(200);
    expect((await get(other, '/c', token)).status).toBe(200);
    expect((await get(app, '/a')).status).toBe(401);
    expect((await request(app).post('/b')).status).toBe(401);
    expect((await get(other, '/c')).status).toBe(401);
    expect(handler).toHaveBeenCalledTimes(3);
  });
});

describe('several guards in a row', () => {
  const row = (...guards: RequestHandler[]) => express().get('/', ...guards, handler);

  it('must all let the request through, in whichever order they stand', async () => {
    const read = auth.requireScopes('read:products');
    const write = auth.requireScopes('write:products');
    for (const app of [row(read, write), row(write, read), row(auth.authenticate(), read, write)]) {
      expect((await get(app, '/')).status).toBe(401);
      expect((await get(app, '/', await reading())).status).toBe(403);
      expect((await get(app, '/', await writing())).status).toBe(403);
      expect(handler).not.toHaveBeenCalled();
      expect((await get(app, '/', await both())).status).toBe(200);
      handler.mockClear();
    }
  });

  it('of two audiences need a token that is for both', async () => {
    const app = row(auth.authenticate(), auth.authenticate({ audience: INVENTORY }));
    expect((await get(app, '/', await reading())).status).toBe(401);
    expect((await get(app, '/', await reading({ audience: INVENTORY }))).status).toBe(401);
    expect(handler).not.toHaveBeenCalled();
    expect((await get(app, '/', await reading({ claims: { aud: [AUDIENCE, INVENTORY] } }))).status).toBe(200);
  });

  it('of instances with two issuers let nobody through: no token is of both', async () => {
    const elsewhere = await ownLogto();
    const other = createLogtoAuth({ endpoint: elsewhere.endpoint, audience: AUDIENCE });
    const app = row(auth.authenticate(), other.authenticate());
    for (const token of [await reading(), await readingToken(elsewhere)]) {
      expect((await get(app, '/', token)).status).toBe(401);
    }
    expect(handler).not.toHaveBeenCalled();
  });

  it('leave the token of the last one as req.auth and for getAuth', async () => {
    // Two tokens at once: of the gateway before this API, and of the app behind the gateway.
    const gateway = instance({ getToken: (req) => req.get('x-gateway-token') });
    const seen: string[] = [];
    const look: RequestHandler = (req, _res, next) => {
      seen.push(getAuth(req).clientId, (req.auth ?? getAuth(req)).clientId);
      next();
    };
    const app = row(gateway.authenticate(), look, auth.requireScopes('read:products'), look);
    const ofGateway = await reading({ clientId: 'gateway' });
    const ofApp = await reading({ clientId: 'app' });
    // First with new tokens, then with known ones.
    for (const time of [1, 2]) {
      const { body } = await get(app, '/', ofApp).set('X-Gateway-Token', ofGateway);
      expect({ time, ...body }).toEqual({ time, app: 'app', same: true });
      expect(seen.splice(0)).toEqual(['gateway', 'gateway', 'app', 'app']);
    }
    expect((await get(app, '/', ofApp)).status).toBe(401);
    expect((await get(app, '/').set('X-Gateway-Token', ofGateway)).status).toBe(401);
    expect(handler).toHaveBeenCalledTimes(2);
  });
});

describe("an organization function that reads the path's parameter", () => {
  const ofOne = () => reading({ organizationId: 'o-1' });

  function shop(mergeParams: boolean, mount: (router: express.Router, guard: RequestHandler) => void) {
    const guard = auth.requireScopes('read:products', { organization: (req) => req.params.organizationId });
    const router = express.Router({ mergeParams });
    mount(router, guard);
    const app = express();
    app.use('/organizations/:organizationId', router);
    return async (token?: string) =>
      statuses(app, ['/organizations/o-1/products', '/organizations/o-2/products'], token);
  }

  it.each<[string, (router: express.Router, guard: RequestHandler) => void]>([
    ['on a route', (router, guard) => router.get('/products', guard, handler)],
    ['by router.use', (router, guard) => router.use(guard).get('/products', handler)],
  ])("sees the parent router's one with mergeParams, %s", async (_how, mount) => {
    const ask = shop(true, mount);
    expect(await ask()).toEqual([401, 401]);
    expect(await ask(await ofOne())).toEqual([200, 403]);
    expect(await ask(await reading())).toEqual([403, 403]);
  });

  it.each<[string, (router: express.Router, guard: RequestHandler) => void]>([
    ['on a route', (router, guard) => router.get('/products', guard, handler)],
    ['by router.use', (router, guard) => router.use(guard).get('/products', handler)],
  ])('sees none without mergeParams, and everybody is refused, %s', async (_how, mount) => {
    const ask = shop(false, mount);
    expect(await ask(await ofOne())).toEqual([403, 403]);
    expect(await ask(await reading())).toEqual([403, 403]);
    expect(handler).not.toHaveBeenCalled();
  });

  it('sees it where the guard itself is mounted on that path', async () => {
    const app = express();
    const guard = auth.requireScopes('read:products', { organization: (req) => req.params.organizationId });
    app.use('/organizations/:organizationId', guard, express.Router().get('/products', handler));
    const paths = [
      '/organizations/o-1/products',
      '/organizations/o-2/products',
      '/organizations/O-1/products',
    ];
    expect(await statuses(app, paths, await ofOne())).toEqual([200, 403, 403]);
  });

  it("is not misled by a child's parameter of that name: that one is what the route is about", async () => {
    const router = express.Router({ mergeParams: true });
    const guard = auth.requireScopes('read:products', { organization: (req) => req.params.organizationId });
    router.get('/partners/:organizationId', guard, handler);
    const app = express();
    app.use('/organizations/:organizationId', router);
    const paths = ['/organizations/o-1/partners/o-2', '/organizations/o-2/partners/o-1'];
    expect(await statuses(app, paths, await ofOne())).toEqual([403, 200]);
  });
});

describe('a mounted app', () => {
  it('may have the guard around it, and its handlers know who called', async () => {
    const inner = express().get('/products', handler);
    const app = express();
    app.use('/v1', auth.requireScopes('read:products'), inner);
    expect((await get(app, '/v1/products')).status).toBe(401);
    expect((await get(app, '/v1/products', await writing())).status).toBe(403);
    expect((await get(app, '/v1/products', await reading())).body).toMatchObject({ same: true });
  });

  it('may have the guard inside, and what it verified is still known outside', async () => {
    const inner = express().use(auth.authenticate());
    const app = express();
    app.use('/v1', inner);
    // The inner app has no such route, and goes on.
    app.get('/v1/products', handler);
    expect((await get(app, '/v1/products')).status).toBe(401);
    expect((await get(app, '/v1/products', await reading())).body).toMatchObject({ same: true });
  });

  it('several deep, with a guard at each, asks all of them', async () => {
    const innermost = express().get('/products', auth.requireScopes('write:products'), handler);
    const inner = express().use('/b', auth.requireScopes('read:products'), innermost);
    const app = express().use('/a', auth.authenticate(), inner);
    const ask = async (token?: string) => (await get(app, '/a/b/products', token)).status;
    expect([await ask(), await ask(await reading()), await ask(await writing())]).toEqual([401, 403, 403]);
    expect(await ask(await both())).toBe(200);
    expect(handler).toHaveBeenCalledTimes(1);
  });
});

describe('router.param', () => {
  it('runs before a guard of the same route, for strangers too, where nothing is verified yet', async () => {
    const app = express();
    const loaded: string[] = [];
    app.param('id', (req, _res, next, id) => {
      expect(() => getAuth(req)).toThrow(/no guard has run/);
      loaded.push(id);
      next();
    });
    app.get('/products/:id', auth.requireScopes('read:products'), handler);
    expect((await get(app, '/products/7')).status).toBe(401);
    expect(loaded).toEqual(['7']);
    expect(handler).not.toHaveBeenCalled();
  });

  it('runs behind a guard of the whole router, for those alone whom it lets through', async () => {
    const router = express.Router();
    const loadedFor: string[] = [];
    router.use(auth.requireScopes('read:products'));
    router.param('id', (req, _res, next) => {
      loadedFor.push(getAuth(req).clientId);
      next();
    });
    router.get('/:id', handler);
    const app = express().use('/products', router);
    expect((await get(app, '/products/7')).status).toBe(401);
    expect((await get(app, '/products/7', await writing())).status).toBe(403);
    expect(loadedFor).toEqual([]);
    const { status, body } = await get(app, '/products/7', await reading());
    expect(status).toBe(200);
    expect(loadedFor).toEqual([body.app]);
  });
});

describe('a HEAD request', () => {
  const comparable = ({ status, headers: { date, ...headers } }: Response) => ({ status, headers });

  async function expectAlike(app: Express, token: string | undefined, status: number): Promise<void> {
    const answered = await get(app, '/products', token);
    const sent = request(app).head('/products');
    const head = await (token === undefined ? sent : sent.auth(token, { type: 'bearer' }));
    expect(comparable(head)).toEqual(comparable(answered));
    expect(head.status).toBe(status);
    expect(Number(head.headers['content-length'])).toBe(answered.text.length);
    expect(answered.text).not.toBe('');
    expect(head.text ?? '').toBe('');
  }

  it.each<[number, string, () => Promise<string> | undefined]>([
    [200, 'a good token', reading],
    [401, 'none', () => undefined],
    [401, 'a forged one', () => forgedToken(logto)],
    [403, 'one that lacks the permission', writing],
  ])('gets the %i of the GET with %s, without the body', async (status, _what, token) => {
    const app = express().get('/products', auth.requireScopes('read:products'), handler);
    await expectAlike(app, await token(), status);
  });

  it('gets its 503, without the body', async () => {
    const { requireScopes } = instance({ endpoint: issuer.endpoint, maxPending: 1 });
    const app = express().get('/products', requireScopes('read:products'), handler);
    const keys = issuer.hold();
    const first = get(app, '/products', issuer.token()).then(({ status }) => status);
    await vi.waitFor(() => expect(keys.held).toHaveLength(1));
    await expectAlike(app, issuer.token(), 503);
    keys.release();
    expect(await first).toBe(200);
  });
});

describe('an OPTIONS request', () => {
  const origin = 'https://shop.example';
  const preflight = (app: Express) =>
    request(app).options('/products').set({
      origin,
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'authorization',
    });
  const withCors = cors({ origin, exposedHeaders: ['WWW-Authenticate', 'Retry-After'] });

  it('of a browser needs no token where cors stands before the guard', async () => {
    const app = express().use(withCors).use(auth.requireScopes('read:products')).get('/products', handler);
    const answered = await preflight(app);
    expect(answered.status).toBe(204);
    expect(answered.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-headers': 'authorization',
    });
    expect(handler).not.toHaveBeenCalled();
  });

  it.each<[number, string, () => Promise<string> | undefined]>([
    [401, 'without a token', () => undefined],
    [401, 'with a forged one', () => forgedToken(logto)],
    [403, 'with one that lacks the permission', writing],
    [503, 'while the keys cannot be had', reading],
  ])('spares the request behind it nothing; a browser can read the %i %s', async (status, _what, token) => {
    const app = express().use(withCors).use(auth.requireScopes('read:products')).get('/products', handler);
    expect((await preflight(app)).status).toBe(204);
    if (status === 503) {
      await logto.stop();
      onTestFinished(logto.start);
    }
    const refused = await get(app, '/products', await token()).set('origin', origin);
    expect(refused.status).toBe(status);
    expect(refused.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-expose-headers': 'WWW-Authenticate,Retry-After',
      [status === 503 ? 'retry-after' : 'www-authenticate']: expect.any(String),
    });
    expect(handler).not.toHaveBeenCalled();
  });

  it('keeps the headers of cors also where an error handler answers', async () => {
    const { requireScopes } = instance({ onError: (error, _req, _res, next) => next(error) });
    const app = express().use(withCors).use(requireScopes('read:products')).get('/products', handler);
    const refused = await get(app, '/products').set('origin', origin);
    expect(refused.status).toBe(401);
    expect(refused.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'www-authenticate': 'Bearer realm="api", scope="read:products"',
    });
  });

  it('of a browser is refused where cors stands behind the guard: then no page can call', async () => {
    const app = express().use(auth.requireScopes('read:products')).use(withCors).get('/products', handler);
    const answered = await preflight(app);
    expect(answered.status).toBe(401);
    expect(answered.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('that Express itself answers, of a route whose methods alone are guarded, runs no handler', async () => {
    const app = express().get('/products', auth.requireScopes('read:products'), handler);
    const answered = await request(app).options('/products');
    expect(answered.status).toBe(200);
    expect(answered.headers['allow']).toMatch(/^GET, ?HEAD$/);
    expect(handler).not.toHaveBeenCalled();
  });
});

describe('where errors go', () => {
  /** Both ways of a guard: at once with a known token, late with a new one. */
  async function newAndKnown(app: Express): Promise<number[]> {
    const token = await reading();
    return [(await get(app, '/', token)).status, (await get(app, '/', token)).status];
  }

  it("a handler's own error behind a guard reaches the error handler as it is, once", async () => {
    const error = Object.assign(new Error('mine'), { status: 418 });
    const { handle, seen } = errorHandler();
    const app = express();
    app.get('/', auth.requireScopes('read:products'), () => {
      throw error;
    });
    app.use(handle);
    expect(await newAndKnown(app)).toEqual([418, 418]);
    expect(seen).toEqual([error, error]);
    expect(seen[0]).toBe(error);
  });

  it("a handler's next(error) too", async () => {
    const error = new Error('mine');
    const { handle, seen } = errorHandler();
    const app = express();
    app.get('/', auth.authenticate(), (_req, _res, next) => next(error));
    app.use(handle);
    expect(await newAndKnown(app)).toEqual([500, 500]);
    expect(seen[0]).toBe(error);
  });

  // Express 4 does not look at what a handler returns: there the user hands a rejection on.
  it("a handler's rejection too", async () => {
    const error = new Error('mine');
    const { handle, seen } = errorHandler();
    const app = express();
    const reject = () => Promise.reject(error);
    const isLeftToUser = process.env['EXPRESS'] === '4';
    app.get('/', auth.authenticate(), isLeftToUser ? (_req, _res, next) => reject().catch(next) : reject);
    app.use(handle);
    expect(await newAndKnown(app)).toEqual([500, 500]);
    expect(seen[0]).toBe(error);
  });

  it('a guard is passed over on the way to an error handler, and so is what it guards', async () => {
    const error = new Error('before');
    const { handle, seen } = errorHandler();
    const app = express();
    app.use((_req, _res, next) => next(error));
    app.get('/', auth.authenticate(), handler);
    app.use(auth.authenticate(), handle);
    expect((await get(app, '/', await reading())).status).toBe(500);
    expect(seen).toEqual([error]);
    expect(handler).not.toHaveBeenCalled();
  });

  it('a guard behind an error handler that goes on is asked', async () => {
    const app = express();
    app.use((_req, _res, next) => next(new Error('before')));
    app.use(((_error, _req, _res, next) => next()) satisfies ErrorRequestHandler);
    app.get('/', auth.requireScopes('read:products'), handler);
    expect((await get(app, '/')).status).toBe(401);
    expect((await get(app, '/', await forgedToken(logto))).status).toBe(401);
    expect(handler).not.toHaveBeenCalled();
    expect((await get(app, '/', await reading())).status).toBe(200);
  });

  it('an error handler that goes on never sees a refusal, unless onError hands it one', async () => {
    const goOn: ErrorRequestHandler = (_error, _req, _res, next) => next();
    const build = ({ authenticate }: LogtoAuth) =>
      express()
        .use(authenticate())
        .use(goOn)
        .get('/', (req, res) => {
          expect(() => getAuth(req)).toThrow(/no guard has run/);
          res.end('ran');
        });
    for (const token of [undefined, await forgedToken(logto)]) {
      expect((await get(build(auth), '/', token)).status).toBe(401);
      // Then it is the app that goes on; getAuth at least knows nobody.
      const handedOn = instance({ onError: (error, _req, _res, next) => next(error) });
      expect((await get(build(handedOn), '/', token)).text).toBe('ran');
    }
  });
});

describe("next('route') and next('router')", () => {
  it("of a handler behind a guard lead to the next route, which asks its own guard's question", async () => {
    const app = express();
    const goOn: RequestHandler = (_req, _res, next) => next('route');
    app.get('/', auth.requireScopes('read:products'), goOn, () => expect.unreachable());
    app.get('/', auth.requireScopes('write:products'), handler);
    expect((await get(app, '/')).status).toBe(401);
    expect((await get(app, '/', await reading())).status).toBe(403);
    // The first guard refuses: the second route is not asked at all.
    expect((await get(app, '/', await writing())).status).toBe(403);
    expect(handler).not.toHaveBeenCalled();
    expect((await get(app, '/', await both())).body).toMatchObject({ same: true });
  });

  it('of a handler behind a guarded router leave it, with what was verified', async () => {
    const router = express.Router();
    router.use(auth.requireScopes('read:products'));
    router.get('/', (_req, _res, next) => next('router'));
    const app = express().use(router).get('/', handler);
    expect((await get(app, '/')).status).toBe(401);
    expect((await get(app, '/', await reading())).body).toMatchObject({ same: true });
  });
});

describe('a body parser', () => {
  const echo = vi.fn<RequestHandler>((req, res) => void res.json(req.body));
  beforeEach(() => void echo.mockClear());
  /** Larger than what a socket hands over at once. */
  const body = { items: Array.from({ length: 20_000 }, (_, id) => ({ id })) };
  const post = (app: Express, token?: string) => {
    const sent = request(app).post('/').set('content-type', 'application/json');
    return token === undefined ? sent : sent.auth(token, { type: 'bearer' });
  };

  it.each<[string, (guard: RequestHandler) => RequestHandler[]]>([
    ['behind the guard', (guard) => [guard, express.json({ limit: '1mb' })]],
    ['before the guard', (guard) => [express.json({ limit: '1mb' }), guard]],
  ])('%s has the whole body, also of one who had to wait for the keys', async (_where, order) => {
    const { requireScopes } = instance({ endpoint: issuer.endpoint });
    const app = express().post('/', ...order(requireScopes('read:products')), echo);
    const token = issuer.token();
    const keys = issuer.hold();
    const first = post(app, token)
      .send(body)
      .then((response) => response);
    await vi.waitFor(() => expect(keys.held).toHaveLength(1));
    // By now all of the body that may come has come.
    await sleep(50);
    keys.release();
    expect((await first).body).toEqual(body);
    // And of one whose token is known.
    expect((await post(app, token).send(body)).body).toEqual(body);
    expect((await post(app).send(body)).status).toBe(401);
    const lacking = issuer.token({ claims: { scope: 'write:products' } });
    expect((await post(app, lacking).send(body)).status).toBe(403);
    expect(echo).toHaveBeenCalledTimes(2);
  });

  it('behind the guard reads nothing of a stranger, before it does', async () => {
    const guard = auth.requireScopes('read:products');
    const { handle } = errorHandler();
    const behind = express().post('/', guard, express.json(), echo).use(handle);
    const before = express().post('/', express.json(), guard, echo).use(handle);
    expect([(await post(behind).send('{')).status, (await post(before).send('{')).status]).toEqual([
      401, 400,
    ]);
    expect((await post(behind, await reading()).send('{')).status).toBe(400);
    expect((await post(before, await reading()).send('{')).status).toBe(400);
    expect(echo).not.toHaveBeenCalled();
  });

  it('before the guard brings it no token: that of a form is not looked at', async () => {
    const app = express().use(express.urlencoded({ extended: false }), express.json());
    app.post('/', auth.requireScopes('read:products'), echo);
    const body = { access_token: await reading() };
    const form = await request(app).post('/').type('form').send(body);
    const json = await post(app).send(body);
    expect([form.status, form.body.error]).toEqual([401, 'unauthorized']);
    expect([json.status, json.body.error]).toEqual([401, 'unauthorized']);
  });
});

describe("with 'trust proxy'", () => {
  const forwarded = {
    'x-forwarded-for': '203.0.113.7',
    'x-forwarded-host': 'o-1.shop.example',
    'x-forwarded-proto': 'https',
  };

  it('nothing that a proxy says changes a refusal', async () => {
    const app = express().set('trust proxy', true);
    app.get('/', auth.requireScopes('read:products'), handler);
    const plain = await get(app, '/', await writing());
    const proxied = await get(app, '/', await writing()).set(forwarded);
    expect([proxied.status, proxied.headers['www-authenticate'], proxied.body]).toEqual([
      plain.status,
      plain.headers['www-authenticate'],
      plain.body,
    ]);
    expect(plain.status).toBe(403);
  });

  it("a user's functions see what Express makes of it, and a token opens its own organization alone", async () => {
    const { requireScopes } = instance({ isRevoked: (_token, req) => req?.ip === '203.0.113.9' });
    const build = (trust: boolean) =>
      express()
        .set('trust proxy', trust)
        .get(
          '/',
          requireScopes('read:products', { organization: (req) => req.hostname.split('.')[0] }),
          handler,
        );
    const ask = async (app: Express, organization: string, headers: Record<string, string> = forwarded) =>
      (await get(app, '/', await reading({ organizationId: organization })).set(headers)).status;
    expect([await ask(build(true), 'o-1'), await ask(build(true), 'o-2')]).toEqual([200, 403]);
    expect([await ask(build(false), 'o-1'), await ask(build(false), 'o-2')]).toEqual([403, 403]);
    expect(await ask(build(true), 'o-1', { ...forwarded, 'x-forwarded-for': '203.0.113.9' })).toBe(401);
    expect(handler).toHaveBeenCalledTimes(1);
  });
});

describe('over real connections', () => {
  const servers: Server[] = [];
  const unhandled = vi.fn();

  beforeEach(() => void process.on('unhandledRejection', unhandled));
  afterEach(async () => {
    process.off('unhandledRejection', unhandled);
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    }
    expect(unhandled).not.toHaveBeenCalled();
  });

  async function listen(app: Express): Promise<number> {
    const server = app.listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  /** Sends a request whose token waits for the keys, and goes away before they come. */
  async function hangUp(app: Express, lines: readonly string[], body = ''): Promise<number> {
    const keys = issuer.hold();
    const closed = new Promise<void>((resolve) => {
      app.once('came', (res: express.Response) => res.once('close', resolve));
    });
    const port = await listen(app);
    const socket = connect(port, '127.0.0.1');
    socket.write([...lines, 'Host: localhost', '', body].join('\r\n'));
    await vi.waitFor(() => expect(keys.held).toHaveLength(1));
    socket.destroy();
    await closed;
    keys.release();
    return port;
  }

  /** An app that tells of each request that comes. */
  function telling(): Express {
    const app = express();
    return app.use((_req, res, next) => {
      app.emit('came', res);
      next();
    });
  }

  it('a caller who hangs up while the token is checked does no harm, whatever came of it', async () => {
    const good = issuer.token();
    const lacking = issuer.token({ claims: { scope: 'write:products' } });
    const forged = [...issuer.token().split('.').slice(0, 2), good.split('.')[2]].join('.');
    for (const token of [good, lacking, forged]) {
      const { requireScopes } = instance({ endpoint: issuer.endpoint });
      const { handle, seen } = errorHandler();
      const app = telling().get('/', requireScopes('read:products'), handler).use(handle);
      const port = await hangUp(app, ['GET / HTTP/1.1', `Authorization: Bearer ${token}`]);
      // The next one is served by the same keys.
      const answer = await fetch(`http://127.0.0.1:${port}/`, {
        headers: { authorization: `Bearer ${issuer.token()}` },
      });
      expect(answer.status).toBe(200);
      expect(seen).toEqual([]);
    }
    // Three who stayed, and the one with a good token who did not: nobody hears that answer.
    expect(handler).toHaveBeenCalledTimes(4);
  });

  it('a hundred requests over several mounts, with a token each, never see one another', async () => {
    /** It waits a while, so that all of them are under way at once. */
    const slow: RequestHandler = async (req, res) => {
      const before = getAuth(req);
      await sleep(Math.random() * 20);
      const now = getAuth(req);
      res.json({ jti: now.jwtId, app: req.auth?.clientId, same: before === now && req.auth === now });
    };
    const app = express();
    const guard = auth.requireScopes('read:products');
    const router = express.Router().use(guard).get('/', slow);
    const sub = express().get('/', guard, slow);
    app.get('/route', guard, slow);
    app.use('/router', router);
    app.use('/sub', auth.authenticate(), sub);
    app.use('/used', guard, instance().authenticate(), slow);
    const url = `http://127.0.0.1:${await listen(app)}`;
    const paths = ['/route', '/router', '/sub', '/used'];
    const callers = await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const id = `app-${i}`;
        const scopes = i % 5 === 0 ? 'write:products' : 'read:products';
        const token = await logto.issueToken({ clientId: id, scopes, claims: { jti: id } });
        return { id, token, path: paths[i % paths.length] as string, status: i % 5 === 0 ? 403 : 200 };
      }),
    );
    // New tokens, then known ones.
    for (const time of [1, 2]) {
      const answers = await Promise.all(
        callers.map(async ({ id, token, path }) => {
          const answer = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
          const {
            error: _,
            error_description: __,
            scope: ___,
            ...seen
          } = (await answer.json()) as Record<string, unknown>;
          return { time, id, status: answer.status, ...seen };
        }),
      );
      expect(answers).toEqual(
        callers.map(({ id, status }) =>
          status === 200 ? { time, id, status, jti: id, app: id, same: true } : { time, id, status },
        ),
      );
    }
  });
});
