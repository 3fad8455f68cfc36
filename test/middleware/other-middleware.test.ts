import { setTimeout as sleep } from 'node:timers/promises';
import cors from 'cors';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import request, { type Response } from 'supertest';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { getAuth, type LogtoAuth } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import {
  auth,
  errorHandler,
  handler,
  instance,
  issuer,
  logto,
  reading,
  writing,
} from '../support/guarded-app.js';
import { forgedToken } from '../support/logto.js';
import { get } from '../support/request.js';

describe('a HEAD request', () => {
  const comparable = ({ status, headers: { date, ...headers } }: Response) => ({ status, headers });

  async function expectAlike(app: Express, token: string | undefined, status: number): Promise<void> {
    const response = await get(app, '/products', token);
    const sent = request(app).head('/products');
    const head = await (token === undefined ? sent : sent.auth(token, { type: 'bearer' }));
    expect(comparable(head)).toEqual(comparable(response));
    expect(head.status).toBe(status);
    expect(Number(head.headers['content-length'])).toBe(response.text.length);
    expect(response.text).not.toBe('');
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
    await eventually(() => expect(keys.held).toHaveLength(1));
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
    const response = await preflight(app);
    expect(response.status).toBe(204);
    expect(response.headers).toMatchObject({
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
    const response = await preflight(app);
    expect(response.status).toBe(401);
    expect(response.headers['access-control-allow-origin']).toBeUndefined();
  });

  it("Express's own response to OPTIONS runs no handler if only the methods of the route have a guard", async () => {
    const app = express().get('/products', auth.requireScopes('read:products'), handler);
    const response = await request(app).options('/products');
    expect(response.status).toBe(200);
    expect(response.headers['allow']).toMatch(/^GET, ?HEAD$/);
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
          expect(() => getAuth(req)).toThrow(/no guard has accepted/);
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
    await eventually(() => expect(keys.held).toHaveLength(1));
    // Gives the whole body time to arrive.
    await sleep(50);
    keys.release();
    expect((await first).body).toEqual(body);
    // The same with a cached token.
    expect((await post(app, token).send(body)).body).toEqual(body);
    expect((await post(app).send(body)).status).toBe(401);
    const insufficient = issuer.token({ claims: { scope: 'write:products' } });
    expect((await post(app, insufficient).send(body)).status).toBe(403);
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
