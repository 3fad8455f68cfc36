import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import express, { type RequestHandler } from 'express';
import { describe, expect, it } from 'vitest';
import { type AccessToken, createLogtoAuth, getAuth, type LogtoAuthOptions } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { APP, AUDIENCE, readingToken, sharedLogto } from '../support/logto.js';
import { get } from '../support/request.js';

const logto = await sharedLogto();
const auth = createLogtoAuth({ endpoint: logto.endpoint, audience: AUDIENCE });

async function seenBy<T>(
  look: (...args: Parameters<RequestHandler>) => T,
  token?: string,
  before?: RequestHandler,
) {
  const app = express();
  let seen: T | undefined;
  if (before !== undefined) app.use(before);
  app.get('/', auth.requireScopes('read:products'), (req, res, next) => {
    seen = look(req, res, next);
    res.end();
  });
  const { status } = await get(app, '/', token ?? (await readingToken(logto)));
  return { seen, status };
}

describe('req.auth', () => {
  it('has the verified data and nothing else', async () => {
    const claims = {
      jti: 'j-1',
      iat: 1_700_000_000,
      exp: 4_000_000_000,
      plan: 'gold',
      nested: { a: [1, { b: 2 }] },
    };
    const { seen } = await seenBy((req) => req.auth, await readingToken(logto, { claims }));
    expect(seen).toEqual({
      issuer: logto.issuer,
      subject: APP,
      clientId: APP,
      isMachine: true,
      audience: [AUDIENCE],
      scopes: ['read:products'],
      issuedAt: 1_700_000_000,
      expiresAt: 4_000_000_000,
      jwtId: 'j-1',
      claims: {
        ...claims,
        sub: APP,
        client_id: APP,
        scope: 'read:products',
        iss: logto.issuer,
        aud: AUDIENCE,
      },
    } satisfies AccessToken);
  });

  it('does not contain the raw token', async () => {
    const token = await readingToken(logto);
    const { seen } = await seenBy((req) => JSON.stringify(req.auth), token);
    for (const part of token.split('.')) expect(seen).not.toContain(part);
  });

  it('is deeply frozen', async () => {
    const token = await readingToken(logto, { claims: { nested: { list: [{ deep: {} }] } } });
    const { seen } = await seenBy((req) => req.auth, token);
    const open: unknown[] = [seen];
    let objects = 0;
    while (open.length > 0) {
      const value = open.pop();
      if (typeof value !== 'object' || value === null) continue;
      objects += 1;
      expect(Object.isFrozen(value)).toBe(true);
      open.push(...Object.values(value));
    }
    expect(objects).toBe(8);
  });

  it('is frozen even if a claim is nested a thousand levels deep', async () => {
    const deep = JSON.parse(`${'['.repeat(1000)}${']'.repeat(1000)}`);
    const { status } = await seenBy((req) => req.auth, await readingToken(logto, { claims: { deep } }));
    expect(status).toBe(200);
  });

  it('gets no scope from a handler that adds one, in this or a later request', async () => {
    const app = express();
    app.get('/', auth.requireScopes('read:products'), (req, res) => {
      const { scopes, claims } = getAuth(req) as unknown as Record<'scopes' | 'claims', string[]>;
      expect(() => scopes.push('write:products')).toThrow(TypeError);
      expect(() => Object.assign(claims, { scope: 'write:products' })).toThrow(TypeError);
      req.auth = { ...getAuth(req), scopes: ['write:products'] };
      res.end();
    });
    app.post('/', auth.requireScopes('write:products'), (_req, res) => res.end());
    const token = await readingToken(logto);
    expect((await get(app, '/', token)).status).toBe(200);
    const { requireScopes } = auth;
    const writing = express().get('/', requireScopes('write:products'), (_req, res) => res.end());
    expect((await get(writing, '/', token)).status).toBe(403);
  });

  it('makes the request fail if it exists already and is read-only, and getAuth then throws', async () => {
    const app = express();
    app.use((req, _res, next) => {
      Object.defineProperty(req, 'auth', { value: { scopes: ['everything'] }, writable: false });
      next();
    });
    app.get('/', auth.requireScopes('read:products'), (_req, res) => void res.end('ran'));
    app.use(((error, req, res, _next) => {
      expect(() => getAuth(req)).toThrow(/no guard has accepted/);
      res.status(500).send(error.message);
    }) as express.ErrorRequestHandler);
    const { status, text } = await get(app, '/', await readingToken(logto));
    expect({ status, text }).toMatchObject({ status: 500, text: expect.stringMatching(/read only/) });
  });

  it('is not set on requests without a guard', async () => {
    await seenBy(() => undefined);
    const app = express();
    let seen: unknown = 'nothing';
    app.get('/', (req, res) => {
      seen = 'auth' in req ? 'something' : undefined;
      res.end();
    });
    await get(app, '/', await readingToken(logto));
    expect(seen).toBeUndefined();
  });

  it('replaces the value of an earlier middleware, and can be replaced by a later one', async () => {
    const other = { scopes: ['everything'] } as unknown as AccessToken;
    const { seen } = await seenBy(
      (req) => {
        const before = req.auth?.scopes;
        req.auth = other;
        return { before, after: req.auth, own: Object.keys(req).includes('auth') };
      },
      await readingToken(logto),
      (req, _res, next) => {
        req.auth = other;
        next();
      },
    );
    expect(seen).toEqual({ before: ['read:products'], after: other, own: true });
  });

  it('is an own property of a request that Express did not create', async () => {
    const token = await readingToken(logto);
    await auth.verify(token);
    for (const req of [
      { headers: { authorization: `Bearer ${token}` } },
      Object.assign(new IncomingMessage(new Socket()), { headers: { authorization: `Bearer ${token}` } }),
    ] as express.Request[]) {
      auth.requireScopes('read:products')(req, {} as express.Response, () => {});
      expect(Object.hasOwn(req, 'auth')).toBe(true);
      expect(req.auth).toBe(getAuth(req));
    }
  });
});

describe('after a refusal', () => {
  /** What an error handler sees after one guard accepted the request and a second one refused it. */
  async function seenAfter(second: express.RequestHandler, prepare?: express.RequestHandler) {
    const app = express();
    if (prepare !== undefined) app.use(prepare);
    app.use(auth.requireScopes('read:products'));
    app.use(second);
    const seen: unknown[] = [];
    app.use(((_error, req, res, _next) => {
      seen.push(
        'auth' in req,
        (() => {
          try {
            return getAuth(req);
          } catch (error) {
            return (error as Error).message;
          }
        })(),
      );
      res.status(500).end();
    }) as express.ErrorRequestHandler);
    await get(app, '/', await readingToken(logto));
    return seen;
  }
  const none = [
    false,
    'getAuth(req): no guard has accepted this request. Mount requireScopes(…) before this handler.',
  ];
  const passing = (options: Partial<LogtoAuthOptions>) =>
    createLogtoAuth({
      endpoint: logto.endpoint,
      audience: AUDIENCE,
      onError: (error, _req, _res, next) => next(error),
      ...options,
    });

  it('getAuth throws and req.auth is removed, although an earlier guard accepted the request', async () => {
    expect(await seenAfter(passing({}).requireScopes('delete:products'))).toEqual(none);
  });

  it('getAuth throws and req.auth is removed if a guard could not decide', async () => {
    const failing = {
      isRevoked: () => {
        throw new Error('no');
      },
    };
    const late = { isRevoked: () => Promise.reject(new Error('no')) };
    const odd = { getToken: () => 5 as unknown as string };
    for (const options of [failing, late, odd]) {
      expect(await seenAfter(passing(options).requireScopes('read:products'))).toEqual(none);
    }
  });

  it('req.auth is removed if another middleware set it and no guard ran before', async () => {
    const app = express();
    app.use((req, _res, next) => {
      req.auth = { scopes: ['everything'] } as unknown as AccessToken;
      next();
    });
    app.use(passing({}).requireScopes('read:products'));
    let has: boolean | undefined;
    app.use(((_error, req, res, _next) => {
      has = 'auth' in req;
      res.status(500).end();
    }) as express.ErrorRequestHandler);
    await get(app, '/');
    expect(has).toBe(false);
  });

  it.each([undefined, null, 'a request'])('next gets an error if the request is %j', (req) => {
    const errors: unknown[] = [];
    auth.requireScopes('read:products')(req as never, {} as never, (error?: unknown) => errors.push(error));
    expect(errors).toEqual([expect.any(TypeError)]);
  });

  it('req.auth is undefined on a sealed request, and a Proxy that forbids deletion is also refused', async () => {
    const token = await readingToken(logto);
    const requestOf = () => ({ headers: { authorization: `Bearer ${token}` } }) as express.Request;
    const refuse = (req: express.Request) =>
      new Promise((resolve) =>
        passing({}).requireScopes('delete:products')(req, {} as express.Response, resolve),
      );
    const sealed = requestOf();
    auth.requireScopes('read:products')(sealed, {} as express.Response, () => {});
    await eventually(() => expect(sealed.auth).toBeDefined());
    Object.seal(sealed);
    expect(await refuse(sealed)).toMatchObject({ reason: 'scope' });
    expect(sealed.auth).toBeUndefined();
    const closed = new Proxy(requestOf(), {
      deleteProperty() {
        throw new Error('closed');
      },
    });
    expect(await refuse(closed)).toMatchObject({ reason: 'scope' });
  });

  it('the response is 401 even if req.auth cannot be removed', async () => {
    const app = express();
    app.use((req, _res, next) => {
      Object.defineProperty(req, 'auth', { value: 'theirs' });
      next();
    });
    app.get('/', auth.requireScopes('read:products'));
    const { status } = await get(app, '/');
    expect(status).toBe(401);
  });
});

describe('getAuth', () => {
  it('ignores a req.auth that other code assigned', async () => {
    const forged = { scopes: ['everything'] } as unknown as AccessToken;
    const { seen } = await seenBy((req) => {
      req.auth = forged;
      return getAuth(req);
    });
    expect(seen?.scopes).toEqual(['read:products']);
  });

  it.each([
    ['no guard has run', (req: express.Request) => getAuth(req)],
    [
      'no guard has run and other code assigned req.auth',
      (req: express.Request) => {
        req.auth = { scopes: ['everything'] } as unknown as AccessToken;
        return getAuth(req);
      },
    ],
  ])('throws if %s', async (_what, look) => {
    const app = express();
    let thrown: unknown;
    app.get('/', (req, res) => {
      try {
        look(req);
      } catch (error) {
        thrown = error;
      }
      res.end();
    });
    await get(app, '/');
    expect(thrown).toBeInstanceOf(TypeError);
    expect((thrown as Error).message).toMatch(/no guard has accepted/);
  });

  it.each([undefined, null, 'req', {}])('throws for %j', (value) => {
    expect(() => getAuth(value as object)).toThrow(TypeError);
  });

  it('returns the token that the last of several guards verified', async () => {
    const app = express();
    const other = createLogtoAuth({ endpoint: logto.endpoint, audience: AUDIENCE, tokenCache: false });
    app.get('/', auth.authenticate(), other.requireScopes('read:products'), (req, res) => {
      res.json({ same: getAuth(req) === req.auth });
    });
    expect((await get(app, '/', await readingToken(logto))).body).toEqual({ same: true });
  });

  it('works in mounted apps and routers', async () => {
    const app = express();
    const inner = express();
    inner.get('/products', (req, res) => res.json(getAuth(req).scopes));
    app.use('/v1', auth.requireScopes('read:products'), inner);
    expect((await get(app, '/v1/products', await readingToken(logto))).body).toEqual(['read:products']);
  });
});
