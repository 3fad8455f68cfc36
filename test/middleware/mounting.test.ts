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
/** An issuer that can delay its keys. */
const issuer = await sharedIssuer();
let auth: LogtoAuth;
/** The handler behind the guards; its response names the calling app. */
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

/** An app's error handler that records the errors it gets. */
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
  it('mounted with app.use protects later routes and unknown paths, and no earlier route', async () => {
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

  it('mounted with app.use on a path protects that path and its subpaths only', async () => {
    const app = express();
    app.use(['/products', '/orders'], auth.authenticate());
    for (const path of ['/products', '/products/1', '/orders', '/productsheet']) {
      app.get(path, (_req, res) => void res.end());
    }
    const paths = ['/products', '/PRODUCTS', '/products/', '/products/1', '/orders', '/productsheet'];
    expect(await statuses(app, paths)).toEqual([401, 401, 401, 401, 401, 200]);
  });

  it('mounted with router.use protects the router, whose routes may require more permissions', async () => {
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

  it('mounted with router.use does not protect earlier routes of the router', async () => {
    const router = express.Router();
    router.get('/open', (_req, res) => void res.end());
    router.use(auth.authenticate());
    router.get('/closed', handler);
    expect(await statuses(express().use(router), ['/open', '/closed'])).toEqual([200, 401]);
  });
});

describe('a guard on one route', () => {
  it('protects only its own method with app.route', async () => {
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

  it('protects every method with app.all', async () => {
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
  ])('works in %s of handlers', async (_where, handlers) => {
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

  it('works on several routes and in several apps', async () => {
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

  it('must all accept the request, in any order', async () => {
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

  it('with two audiences accept only a token for both', async () => {
    const app = row(auth.authenticate(), auth.authenticate({ audience: INVENTORY }));
    expect((await get(app, '/', await reading())).status).toBe(401);
    expect((await get(app, '/', await reading({ audience: INVENTORY }))).status).toBe(401);
    expect(handler).not.toHaveBeenCalled();
    expect((await get(app, '/', await reading({ claims: { aud: [AUDIENCE, INVENTORY] } }))).status).toBe(200);
  });

  it('of instances with different issuers refuse every request', async () => {
    const elsewhere = await ownLogto();
    const other = createLogtoAuth({ endpoint: elsewhere.endpoint, audience: AUDIENCE });
    const app = row(auth.authenticate(), other.authenticate());
    for (const token of [await reading(), await readingToken(elsewhere)]) {
      expect((await get(app, '/', token)).status).toBe(401);
    }
    expect(handler).not.toHaveBeenCalled();
  });

  it('set req.auth and getAuth to the token of the last guard', async () => {
    // Each request has two tokens: that of the gateway in front of this API, and that of the app.
    const gateway = instance({ getToken: (req) => req.get('x-gateway-token') });
    const seen: string[] = [];
    const look: RequestHandler = (req, _res, next) => {
      seen.push(getAuth(req).clientId, (req.auth ?? getAuth(req)).clientId);
      next();
    };
    const app = row(gateway.authenticate(), look, auth.requireScopes('read:products'), look);
    const ofGateway = await reading({ clientId: 'gateway' });
    const ofApp = await reading({ clientId: 'app' });
    // First with uncached tokens, then with cached ones.
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

describe('an organization function that reads a path parameter', () => {
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
    ['with router.use', (router, guard) => router.use(guard).get('/products', handler)],
  ])('gets the parameter of the parent router with mergeParams (guard %s)', async (_how, mount) => {
    const ask = shop(true, mount);
    expect(await ask()).toEqual([401, 401]);
    expect(await ask(await ofOne())).toEqual([200, 403]);
    expect(await ask(await reading())).toEqual([403, 403]);
  });

  it.each<[string, (router: express.Router, guard: RequestHandler) => void]>([
    ['on a route', (router, guard) => router.get('/products', guard, handler)],
    ['with router.use', (router, guard) => router.use(guard).get('/products', handler)],
  ])('gets no parameter without mergeParams, so every request is refused (guard %s)', async (_how, mount) => {
    const ask = shop(false, mount);
    expect(await ask(await ofOne())).toEqual([403, 403]);
    expect(await ask(await reading())).toEqual([403, 403]);
    expect(handler).not.toHaveBeenCalled();
  });

  it('gets the parameter if the guard itself is mounted on the path', async () => {
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

  it("gets the child router's parameter if parent and child use the same name", async () => {
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
  it('can use getAuth if the guard is mounted in the outer app', async () => {
    const inner = express().get('/products', handler);
    const app = express();
    app.use('/v1', auth.requireScopes('read:products'), inner);
    expect((await get(app, '/v1/products')).status).toBe(401);
    expect((await get(app, '/v1/products', await writing())).status).toBe(403);
    expect((await get(app, '/v1/products', await reading())).body).toMatchObject({ same: true });
  });

  it('makes the token of its own guard available to later handlers of the outer app', async () => {
    const inner = express().use(auth.authenticate());
    const app = express();
    app.use('/v1', inner);
    // The inner app has no such route, so the outer app continues.
    app.get('/v1/products', handler);
    expect((await get(app, '/v1/products')).status).toBe(401);
    expect((await get(app, '/v1/products', await reading())).body).toMatchObject({ same: true });
  });

  it('runs the guard of each level if apps are nested several levels deep', async () => {
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
  it('runs before a guard of the same route, so also for unauthenticated requests', async () => {
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

  it('runs after a guard of the whole router, only for accepted requests', async () => {
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
    [200, 'a valid token', reading],
    [401, 'no token', () => undefined],
    [401, 'a forged token', () => forgedToken(logto)],
    [403, 'a token that lacks the permission', writing],
  ])('gets the same %i as a GET request with %s, without the body', async (status, _what, token) => {
    const app = express().get('/products', auth.requireScopes('read:products'), handler);
    await expectAlike(app, await token(), status);
  });

  it('gets the same 503 as a GET request, without the body', async () => {
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

describe('CORS and OPTIONS requests', () => {
  const origin = 'https://shop.example';
  const preflight = (app: Express) =>
    request(app).options('/products').set({
      origin,
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'authorization',
    });
  const withCors = cors({ origin, exposedHeaders: ['WWW-Authenticate', 'Retry-After'] });

  it('a preflight request needs no token if cors is mounted before the guard', async () => {
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
    [401, 'with a forged token', () => forgedToken(logto)],
    [403, 'with a token that lacks the permission', writing],
    [503, 'while the keys are unavailable', reading],
  ])(
    'a preflight request does not authorize the actual request; a browser can read the %i %s',
    async (status, _what, token) => {
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
    },
  );

  it('a refusal that an error handler sends keeps the CORS headers', async () => {
    const { requireScopes } = instance({ onError: (error, _req, _res, next) => next(error) });
    const app = express().use(withCors).use(requireScopes('read:products')).get('/products', handler);
    const refused = await get(app, '/products').set('origin', origin);
    expect(refused.status).toBe(401);
    expect(refused.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'www-authenticate': 'Bearer realm="api", scope="read:products"',
    });
  });

  it('a preflight request is refused if cors is mounted after the guard', async () => {
    const app = express().use(auth.requireScopes('read:products')).use(withCors).get('/products', handler);
    const answered = await preflight(app);
    expect(answered.status).toBe(401);
    expect(answered.headers['access-control-allow-origin']).toBeUndefined();
  });

  it("Express's own response to OPTIONS runs no handler if only the methods of the route have a guard", async () => {
    const app = express().get('/products', auth.requireScopes('read:products'), handler);
    const answered = await request(app).options('/products');
    expect(answered.status).toBe(200);
    expect(answered.headers['allow']).toMatch(/^GET, ?HEAD$/);
    expect(handler).not.toHaveBeenCalled();
  });
});

describe('errors', () => {
  /** Takes both paths of a guard: asynchronous for a new token, synchronous for a cached one. */
  async function newAndKnown(app: Express): Promise<number[]> {
    const token = await reading();
    return [(await get(app, '/', token)).status, (await get(app, '/', token)).status];
  }

  it('an error that a handler behind a guard throws reaches the error handler once and unchanged', async () => {
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

  it('an error that a handler passes to next reaches the error handler unchanged', async () => {
    const error = new Error('mine');
    const { handle, seen } = errorHandler();
    const app = express();
    app.get('/', auth.authenticate(), (_req, _res, next) => next(error));
    app.use(handle);
    expect(await newAndKnown(app)).toEqual([500, 500]);
    expect(seen[0]).toBe(error);
  });

  // Express 4 ignores the promise that a handler returns: there the user passes a rejection on.
  it('an error that a handler rejects with reaches the error handler unchanged', async () => {
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

  it('an earlier error skips guards and the handlers behind them', async () => {
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

  it('a guard runs after an error handler that continues the request', async () => {
    const app = express();
    app.use((_req, _res, next) => next(new Error('before')));
    app.use(((_error, _req, _res, next) => next()) satisfies ErrorRequestHandler);
    app.get('/', auth.requireScopes('read:products'), handler);
    expect((await get(app, '/')).status).toBe(401);
    expect((await get(app, '/', await forgedToken(logto))).status).toBe(401);
    expect(handler).not.toHaveBeenCalled();
    expect((await get(app, '/', await reading())).status).toBe(200);
  });

  it('an error handler that continues the request gets no refusal unless onError passes one on', async () => {
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
      // Here the app itself continues the request; getAuth still throws.
      const handedOn = instance({ onError: (error, _req, _res, next) => next(error) });
      expect((await get(build(handedOn), '/', token)).text).toBe('ran');
    }
  });
});

describe("next('route') and next('router')", () => {
  it('lead from a guarded handler to the next route, whose own guard then runs', async () => {
    const app = express();
    const goOn: RequestHandler = (_req, _res, next) => next('route');
    app.get('/', auth.requireScopes('read:products'), goOn, () => expect.unreachable());
    app.get('/', auth.requireScopes('write:products'), handler);
    expect((await get(app, '/')).status).toBe(401);
    expect((await get(app, '/', await reading())).status).toBe(403);
    // The first guard refuses the request, so the second route does not run.
    expect((await get(app, '/', await writing())).status).toBe(403);
    expect(handler).not.toHaveBeenCalled();
    expect((await get(app, '/', await both())).body).toMatchObject({ same: true });
  });

  it('leave a guarded router and keep the verified token', async () => {
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
  /** Larger than one chunk of a socket. */
  const body = { items: Array.from({ length: 20_000 }, (_, id) => ({ id })) };
  const post = (app: Express, token?: string) => {
    const sent = request(app).post('/').set('content-type', 'application/json');
    return token === undefined ? sent : sent.auth(token, { type: 'bearer' });
  };

  it.each<[string, (guard: RequestHandler) => RequestHandler[]]>([
    ['after the guard', (guard) => [guard, express.json({ limit: '1mb' })]],
    ['before the guard', (guard) => [express.json({ limit: '1mb' }), guard]],
  ])('%s reads the whole body, even if the request had to wait for the keys', async (_where, order) => {
    const { requireScopes } = instance({ endpoint: issuer.endpoint });
    const app = express().post('/', ...order(requireScopes('read:products')), echo);
    const token = issuer.token();
    const keys = issuer.hold();
    const first = post(app, token)
      .send(body)
      .then((response) => response);
    await vi.waitFor(() => expect(keys.held).toHaveLength(1));
    // Gives the whole body time to arrive.
    await sleep(50);
    keys.release();
    expect((await first).body).toEqual(body);
    // The same with a cached token.
    expect((await post(app, token).send(body)).body).toEqual(body);
    expect((await post(app).send(body)).status).toBe(401);
    const lacking = issuer.token({ claims: { scope: 'write:products' } });
    expect((await post(app, lacking).send(body)).status).toBe(403);
    expect(echo).toHaveBeenCalledTimes(2);
  });

  it('reads the body of an unauthenticated request before the guard, but not after it', async () => {
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

  it('does not provide a token: guards ignore access_token in a form or JSON body', async () => {
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

  it('forwarded headers do not change a refusal', async () => {
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

  it('option functions get the forwarded values, and a token is valid only for its own organization', async () => {
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

  /** Sends a request whose token waits for the keys, and disconnects before they arrive. */
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

  /** An app that emits an event for each request. */
  function telling(): Express {
    const app = express();
    return app.use((_req, res, next) => {
      app.emit('came', res);
      next();
    });
  }

  it('a caller that disconnects during the token check causes no error, whatever the result is', async () => {
    const good = issuer.token();
    const lacking = issuer.token({ claims: { scope: 'write:products' } });
    const forged = [...issuer.token().split('.').slice(0, 2), good.split('.')[2]].join('.');
    for (const token of [good, lacking, forged]) {
      const { requireScopes } = instance({ endpoint: issuer.endpoint });
      const { handle, seen } = errorHandler();
      const app = telling().get('/', requireScopes('read:products'), handler).use(handle);
      const port = await hangUp(app, ['GET / HTTP/1.1', `Authorization: Bearer ${token}`]);
      // The next request uses the same keys.
      const answer = await fetch(`http://127.0.0.1:${port}/`, {
        headers: { authorization: `Bearer ${issuer.token()}` },
      });
      expect(answer.status).toBe(200);
      expect(seen).toEqual([]);
    }
    // Three complete requests, and the valid one that disconnected, whose response is discarded.
    expect(handler).toHaveBeenCalledTimes(4);
  });

  it('a hundred concurrent requests over several mounts each get only their own token', async () => {
    /** Waits a while, so that all requests are active at the same time. */
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
    // Uncached tokens, then cached ones.
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
