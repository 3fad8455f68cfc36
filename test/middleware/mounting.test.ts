import express, { type Express, type RequestHandler } from 'express';
import request from 'supertest';
import { describe, expect, it } from 'vitest';
import { createLogtoAuth, getAuth } from '../../src/index.js';
import { auth, both, handler, instance, reading, writing } from '../support/guarded-app.js';
import { AUDIENCE, ownLogto, readingToken } from '../support/logto.js';
import { get } from '../support/request.js';

const INVENTORY = 'https://inventory.api';

async function statuses(app: Express, paths: readonly string[], token?: string): Promise<number[]> {
  const responses = await Promise.all(paths.map((path) => get(app, path, token)));
  return responses.map(({ status }) => status);
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
      expect(() => getAuth(req)).toThrow(/no guard has accepted/);
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
