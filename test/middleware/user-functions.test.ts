import express, { type ErrorRequestHandler, type Express } from 'express';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AuthError, createLogtoAuth, type LogtoAuthOptions } from '../../src/index.js';
import { get } from '../support/request.js';
import { AUDIENCE, TestIssuer } from '../support/test-issuer.js';

let issuer: TestIssuer;

beforeAll(async () => {
  issuer = await TestIssuer.start();
});
afterAll(() => issuer.stop());

/** An app that tells whether its handler ran and what reached its error handler. */
function appWith(options: LogtoAuthOptions): { app: Express; ran: () => boolean; failure: () => unknown } {
  const { requireScopes } = createLogtoAuth({ endpoint: issuer.endpoint, audience: AUDIENCE, ...options });
  const app = express();
  let ran = false;
  let failure: unknown;
  app.get('/', requireScopes('read:products'), (_req, res) => {
    ran = true;
    res.end();
  });
  // next('route') and next('router') would lead here.
  app.get('/', (_req, res) => {
    ran = true;
    res.end();
  });
  app.use(((error, _req, res, _next) => {
    failure = error;
    res.status(error.status ?? 500).json({ failed: true });
  }) satisfies ErrorRequestHandler);
  return { app, ran: () => ran, failure: () => failure };
}

const odd: [what: string, value: unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['0', 0],
  ['the empty string', ''],
  ['a string', 'false'],
  ['an object', {}],
];

describe('isRevoked', () => {
  it.each([
    ['false', false, 200],
    ['a promise of false', Promise.resolve(false), 200],
    ['true', true, 401],
    ['a promise of true', Promise.resolve(true), 401],
  ])('that answers %s', async (_what, answer, status) => {
    const { app, ran } = appWith({ isRevoked: () => answer });
    const response = await get(app, '/', issuer.token());
    expect(response.status).toBe(status);
    expect(ran()).toBe(status === 200);
    if (status === 401) {
      expect(response.body).toEqual({
        error: 'invalid_token',
        error_description: 'The access token has been revoked.',
      });
    }
  });

  it.each(odd)('that answers %s is a mistake, and lets nobody in', async (_what, value) => {
    for (const answer of [value, Promise.resolve(value)]) {
      const { app, ran, failure } = appWith({ isRevoked: () => answer as boolean });
      expect((await get(app, '/', issuer.token())).status).toBe(500);
      expect(ran()).toBe(false);
      expect(failure()).toBeInstanceOf(TypeError);
    }
  });

  it('is asked for each request, cached token or not, with the token and the request', async () => {
    const asked = vi.fn(() => false);
    const { app } = appWith({ isRevoked: asked });
    const token = issuer.token({ claims: { jti: 'j-7' } });
    await get(app, '/', token);
    await get(app, '/', token);
    expect(asked.mock.calls).toEqual([
      [expect.objectContaining({ jwtId: 'j-7' }), expect.objectContaining({ method: 'GET' })],
      [expect.objectContaining({ jwtId: 'j-7' }), expect.objectContaining({ method: 'GET' })],
    ]);
  });

  it('is not asked about a token that does not verify', async () => {
    const asked = vi.fn(() => false);
    const { app } = appWith({ isRevoked: asked });
    await get(app, '/', `${issuer.token().slice(0, -8)}AAAAAAAA`);
    await get(app, '/', issuer.token({ claims: { exp: 1 } }));
    expect(asked).not.toHaveBeenCalled();
  });

  it('comes before the permissions: a revoked token is 401, not 403', async () => {
    const { app } = appWith({ isRevoked: () => true });
    expect((await get(app, '/', issuer.token({ claims: { scope: '' } }))).status).toBe(401);
  });
});

describe('getToken', () => {
  it('finds the token elsewhere, and then nowhere else', async () => {
    const { app } = appWith({ getToken: (req) => req.get('x-access-token') });
    const { status } = await get(app, '/').set('X-Access-Token', issuer.token());
    expect(status).toBe(200);
    const response = await get(app, '/', issuer.token());
    expect(response.status).toBe(401);
    expect(response.body.error).toBe('unauthorized');
  });

  it.each([undefined, ''])('that answers %j means no token', async (token) => {
    const { app } = appWith({ getToken: () => token });
    const response = await get(app, '/', issuer.token());
    expect([response.status, response.body.error]).toEqual([401, 'unauthorized']);
  });

  it('that answers something that is no JWT gets 401', async () => {
    const { app } = appWith({ getToken: () => 'a b' });
    const response = await get(app, '/');
    expect([response.status, response.body.error]).toEqual([401, 'invalid_token']);
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['a number', 5],
    ['a list', ['x']],
    ['a promise', Promise.resolve('x')],
  ])('that answers %s is a mistake, and lets nobody in', async (_what, answer) => {
    const { app, ran, failure } = appWith({ getToken: () => answer as string });
    expect((await get(app, '/', issuer.token())).status).toBe(500);
    expect(ran()).toBe(false);
    expect(failure()).toBeInstanceOf(TypeError);
  });
});

describe('a function that throws or rejects', () => {
  const thrown: [what: string, value: unknown][] = [
    ['an Error', new RangeError('mine')],
    ...odd,
    ["'route'", 'route'],
  ];

  it.each(thrown)('%s: the request fails, always with an Error', async (_what, value) => {
    const throwing = () => {
      throw value;
    };
    const rejecting = async () => {
      throw value;
    };
    for (const options of [{ isRevoked: throwing }, { isRevoked: rejecting }, { getToken: throwing }]) {
      const { app, ran, failure } = appWith(options);
      expect((await get(app, '/', issuer.token())).status).toBe(500);
      expect(ran()).toBe(false);
      expect(failure()).toBeInstanceOf(Error);
      if (value instanceof Error) expect(failure()).toBe(value);
      else expect(failure()).toMatchObject({ status: 500, cause: value });
    }
  });

  it.each(thrown)('%s: also where the organization function throws it', async (_what, value) => {
    const { app, ran, failure } = appWith({
      organization: () => {
        throw value;
      },
    });
    expect((await get(app, '/', issuer.token())).status).toBe(500);
    expect(ran()).toBe(false);
    expect(failure()).toBeInstanceOf(Error);
  });
});

describe('a hostile value', () => {
  const trap = (thrown: unknown) =>
    new Proxy(
      {},
      {
        getPrototypeOf() {
          throw thrown;
        },
      },
    );

  it.each([undefined, 'route'])('thrown, whose prototype throws %j, opens no door', async (inner) => {
    const throwing = () => {
      throw trap(inner);
    };
    const rejecting = () => Promise.reject(trap(inner));
    for (const options of [{ isRevoked: throwing }, { isRevoked: rejecting }, { getToken: throwing }]) {
      const { app, ran, failure } = appWith(options);
      expect((await get(app, '/', issuer.token())).status).toBe(500);
      expect(ran()).toBe(false);
      expect(failure()).toBeInstanceOf(Error);
    }
  });

  it('thrown, an Error that cannot be looked at is wrapped', async () => {
    const trapped = new Proxy(new Error('x'), {
      get() {
        throw undefined;
      },
    });
    const { app, ran, failure } = appWith({ isRevoked: () => Promise.reject(trapped) });
    expect((await get(app, '/', issuer.token())).status).toBe(500);
    expect(ran()).toBe(false);
    expect((failure() as Error).message).toMatch(/not an Error/);
  });

  it('a Promise that is not the global one is waited for all the same', async () => {
    const { app, ran } = appWith({});
    const forged = `${issuer.token().slice(0, -8)}AAAAAAAA`;
    const Intrinsic = globalThis.Promise;
    globalThis.Promise = class extends Intrinsic<unknown> {} as PromiseConstructor;
    try {
      expect((await get(app, '/', forged)).status).toBe(401);
      expect(ran()).toBe(false);
      expect((await get(app, '/', issuer.token())).status).toBe(200);
    } finally {
      globalThis.Promise = Intrinsic;
    }
  });

  it('a promise that getToken rejects does not end the process', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const getToken = (async () => {
      throw new Error('down');
    }) as unknown as () => string;
    const { app, ran } = appWith({ getToken });
    expect((await get(app, '/', issuer.token())).status).toBe(500);
    await new Promise((resolve) => setTimeout(resolve, 10));
    process.off('unhandledRejection', unhandled);
    expect(ran()).toBe(false);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it.each([1n, {}, [], null, 5, Symbol('x')])(
    'returned by the organization function, %s, is no organization',
    async (id) => {
      const { app } = appWith({ organization: () => id as string });
      expect((await get(app, '/', issuer.token({ claims: { organization_id: '1' } }))).status).toBe(403);
    },
  );
});

describe('onError', () => {
  it('answers instead', async () => {
    const { app } = appWith({
      onError: (error, _req, res) => res.status(error.status).set(error.headers).json({ mine: error.reason }),
    });
    const response = await get(app, '/');
    expect(response.status).toBe(401);
    expect(response.body).toEqual({ mine: 'no_token' });
    expect(response.headers['www-authenticate']).toBe('Bearer realm="api", scope="read:products"');
  });

  it.each<[string, unknown]>([
    ...odd.filter(([, value]) => !value),
    ["'route'", 'route'],
    ["'router'", 'router'],
  ])(
    'that calls next with %s passes the AuthError on, and the handler does not run',
    async (_what, reason) => {
      const { app, ran, failure } = appWith({ onError: (_error, _req, _res, next) => next(reason) });
      expect((await get(app, '/')).status).toBe(401);
      expect(ran()).toBe(false);
      expect(failure()).toBeInstanceOf(AuthError);
    },
  );

  it('may pass the error, or one of its own, to the error handler of Express', async () => {
    const same = appWith({ onError: (error, _req, _res, next) => next(error) });
    expect((await get(same.app, '/')).status).toBe(401);
    const own = new Error('mine');
    const other = appWith({ onError: (_error, _req, _res, next) => next(own) });
    await get(other.app, '/');
    expect(other.failure()).toBe(own);
  });

  it.each<[string, LogtoAuthOptions['onError']]>([
    [
      'throws',
      () => {
        throw undefined;
      },
    ],
    ['rejects', () => Promise.reject('route')],
    [
      'calls next and then throws',
      (_error, _req, _res, next) => {
        next();
        throw new Error('too late');
      },
    ],
  ])('that %s refuses the request, once', async (_what, onError) => {
    const { app, ran, failure } = appWith({ onError });
    const { status } = await get(app, '/');
    expect(status).toBeOneOf([401, 500]);
    expect(ran()).toBe(false);
    expect(failure()).toBeInstanceOf(Error);
  });

  it("gets Express's error handling right without onError's help: status, headers and message", async () => {
    const { requireScopes } = createLogtoAuth({
      endpoint: issuer.endpoint,
      audience: AUDIENCE,
      onError: (error, _req, _res, next) => next(error),
    });
    const app = express().get('/', requireScopes('read:products'));
    const response = await get(app, '/');
    expect(response.status).toBe(401);
    expect(response.headers['www-authenticate']).toBe('Bearer realm="api", scope="read:products"');
  });
});

it('a guard that comes after the answer keeps the handler from running', async () => {
  const { requireScopes } = createLogtoAuth({ endpoint: issuer.endpoint, audience: AUDIENCE });
  const app = express();
  const handler = vi.fn();
  const failed = vi.fn();
  app.get(
    '/',
    (_req, res, next) => {
      res.end('early');
      next();
    },
    requireScopes('read:products'),
    handler,
  );
  app.use(((error, _req, _res, _next) => failed(error)) satisfies ErrorRequestHandler);
  expect((await get(app, '/')).text).toBe('early');
  expect(handler).not.toHaveBeenCalled();
  expect(failed).toHaveBeenCalledWith(expect.any(AuthError));
});
