import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type AccessToken, AuthError, createLogtoAuth, type LogtoAuthOptions } from '../../src/index.js';
import { fateOf, travel } from '../support/fate.js';
import { AUDIENCE, forgedToken, ownLogto, readingToken, sharedLogto } from '../support/logto.js';
import { get } from '../support/request.js';

const logto = await sharedLogto();

afterEach(() => void vi.useRealTimers());

const instance = (options: LogtoAuthOptions) =>
  createLogtoAuth({ endpoint: logto.endpoint, audience: AUDIENCE, ...options });

interface Probe {
  readonly app: Express;
  /** Whether a handler ran. */
  ran(): boolean;
  /** What reached the error handler, the last one and all. */
  failure(): unknown;
  readonly failures: readonly unknown[];
}

/** An app that tells whether its handler ran and what reached its error handler. */
function appWith(options: LogtoAuthOptions): Probe {
  const { requireScopes } = instance(options);
  const app = express();
  let ran = false;
  const failures: unknown[] = [];
  app.get('/', requireScopes('read:products'), (_req, res) => {
    ran = true;
    res.end();
  });
  // next('route') and next('router') would lead here.
  app.get('/', (_req, res) => {
    ran = true;
    res.end();
  });
  const handle: ErrorRequestHandler = (error, _req, res, _next) => {
    failures.push(error);
    if (!res.headersSent) res.status(error.status ?? 500).json({ failed: true });
  };
  // The second is reached only where a request fails twice.
  app.use(handle, handle);
  return { app, ran: () => ran, failure: () => failures.at(-1), failures };
}

const odd: [what: string, value: unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['0', 0],
  ['the empty string', ''],
  ['a string', 'false'],
  ['an object', {}],
  ['NaN', Number.NaN],
  ['a list', []],
  ['a Boolean object', Object(false)],
  ['a function', () => false],
];

/** What is no Promise and can be waited for all the same: a query of a database library, say. */
function thenable(then: (resolve: (value: unknown) => void, reject: (reason: unknown) => void) => void) {
  return { then } as unknown as Promise<boolean>;
}

const thenables: [what: string, make: () => Promise<boolean>, status: number][] = [
  ['answers false', () => thenable((resolve) => resolve(false)), 200],
  ['answers false later', () => thenable((resolve) => setTimeout(resolve, 5, false)), 200],
  ['answers true', () => thenable((resolve) => resolve(true)), 401],
  ['answers undefined', () => thenable((resolve) => resolve(undefined)), 500],
  ['answers a thenable that answers true', () => thenable((resolve) => resolve(Promise.resolve(true))), 401],
  ['answers one that rejects', () => thenable((resolve) => resolve(thenable((_, reject) => reject(0)))), 500],
  ["rejects with 'route'", () => thenable((_, reject) => reject('route')), 500],
  [
    'answers true, and then false',
    () =>
      thenable((resolve) => {
        resolve(true);
        resolve(false);
      }),
    401,
  ],
  [
    'rejects, and then answers false',
    () =>
      thenable((resolve, reject) => {
        reject(undefined);
        resolve(false);
      }),
    500,
  ],
  [
    'throws',
    () =>
      thenable(() => {
        throw undefined;
      }),
    500,
  ],
  [
    'cannot be looked at',
    () =>
      Object.defineProperty({}, 'then', {
        get() {
          throw 'route';
        },
      }) as Promise<boolean>,
    500,
  ],
];

describe('isRevoked', () => {
  it.each([
    ['false', false, 200],
    ['a promise of false', Promise.resolve(false), 200],
    ['true', true, 401],
    ['a promise of true', Promise.resolve(true), 401],
  ])('that answers %s', async (_what, answer, status) => {
    const { app, ran } = appWith({ isRevoked: () => answer });
    const response = await get(app, '/', await readingToken(logto));
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
      expect((await get(app, '/', await readingToken(logto))).status).toBe(500);
      expect(ran()).toBe(false);
      expect(failure()).toBeInstanceOf(TypeError);
    }
  });

  it.each([
    [null, 'null'],
    [undefined, 'undefined'],
    ['no', 'string'],
  ])('that makes a mistake is told which: %j', async (answer, kind) => {
    const { app, failure } = appWith({ isRevoked: () => answer as unknown as boolean });
    await get(app, '/', await readingToken(logto));
    expect((failure() as Error).message).toBe(`isRevoked must answer true or false, not ${kind}.`);
  });

  it.each(thenables)('that answers a thenable which %s', async (_what, make, status) => {
    const { app, ran, failures } = appWith({ isRevoked: make });
    const token = await readingToken(logto);
    // First a new token, then a known one.
    for (const time of [1, 2]) {
      expect({ time, status: (await get(app, '/', token)).status }).toEqual({ time, status });
    }
    expect(ran()).toBe(status === 200);
    expect(failures).toHaveLength(status === 500 ? 2 : 0);
    for (const failure of failures) expect(failure).toBeInstanceOf(Error);
  });

  it('that never answers lets nobody in, and holds up nobody else', async () => {
    const asked: AccessToken[] = [];
    // With one place for those who wait: it is not that which is taken.
    const { app, ran, failures } = appWith({
      maxPending: 1,
      isRevoked: (token) => {
        asked.push(token);
        return token.clientId === 'silent' ? new Promise(() => {}) : token.clientId === 'revoked';
      },
    });
    const token = (clientId: string) => readingToken(logto, { clientId });
    const silent = await token('silent');
    const answered = vi.fn();
    const waiting: ReturnType<typeof get>[] = [];
    // A new token, then a known one.
    for (const count of [1, 2]) {
      const sent = get(app, '/', silent);
      waiting.push(sent);
      sent.then(answered, () => {});
      await vi.waitFor(() => expect(asked).toHaveLength(count));
    }
    expect((await get(app, '/', await token('revoked'))).status).toBe(401);
    expect(ran()).toBe(false);
    expect((await get(app, '/', await token('welcome'))).status).toBe(200);
    expect(answered).not.toHaveBeenCalled();
    for (const sent of waiting) sent.abort();
    expect(failures).toEqual([]);
  });

  it('is asked for each request, cached token or not, with the token and the request', async () => {
    const asked = vi.fn(() => false);
    const { app } = appWith({ isRevoked: asked });
    const token = await readingToken(logto, { claims: { jti: 'j-7' } });
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
    await get(app, '/', `${(await readingToken(logto)).slice(0, -8)}AAAAAAAA`);
    await get(app, '/', await readingToken(logto, { claims: { exp: 1 } }));
    expect(asked).not.toHaveBeenCalled();
  });

  it('comes before the permissions: a revoked token is 401, not 403', async () => {
    const { app } = appWith({ isRevoked: () => true });
    expect((await get(app, '/', await logto.issueToken({ claims: { scope: '' } }))).status).toBe(401);
  });
});

describe('getToken', () => {
  it('finds the token elsewhere, and then nowhere else', async () => {
    const { app } = appWith({ getToken: (req) => req.get('x-access-token') });
    const { status } = await get(app, '/').set('X-Access-Token', await readingToken(logto));
    expect(status).toBe(200);
    const response = await get(app, '/', await readingToken(logto));
    expect(response.status).toBe(401);
    expect(response.body.error).toBe('unauthorized');
  });

  it.each([undefined, ''])('that answers %j means no token', async (token) => {
    const { app } = appWith({ getToken: () => token });
    const response = await get(app, '/', await readingToken(logto));
    expect([response.status, response.body.error]).toEqual([401, 'unauthorized']);
  });

  it.each([
    ['something that is no JWT', () => 'a b'],
    ['the whole header', (token: string) => `Bearer ${token}`],
    ['two tokens', (token: string) => `${token} ${token}`],
    ['a megabyte', () => 'x'.repeat(1_000_000)],
  ])('that answers %s gets 401', async (_what, answer) => {
    const token = await readingToken(logto);
    const { app, ran } = appWith({ getToken: () => answer(token) });
    const response = await get(app, '/');
    expect([response.status, response.body.error]).toEqual([401, 'invalid_token']);
    expect(ran()).toBe(false);
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['a number', 5],
    ['a list', ['x']],
    ['true', true],
    ['an object', { toString: () => 'x' }],
    ['a function', () => 'x'],
    ['a promise', Promise.resolve('x')],
    ['a promise that is never settled', new Promise(() => {})],
    ['a thenable', thenable((resolve) => resolve('x'))],
    ['a thenable that rejects', thenable((_, reject) => reject('route'))],
    [
      'a thenable that throws',
      thenable(() => {
        throw undefined;
      }),
    ],
  ])('that answers %s is a mistake, and lets nobody in', async (_what, answer) => {
    const { app, ran, failure } = appWith({ getToken: () => answer as string });
    expect((await get(app, '/', await readingToken(logto))).status).toBe(500);
    expect(ran()).toBe(false);
    expect(failure()).toBeInstanceOf(TypeError);
  });

  it.each([
    [null, 'null'],
    [5, 'number'],
    [['x'], 'object'],
    [Promise.resolve('x'), 'object'],
  ])('that makes a mistake is told which: %j', async (answer, kind) => {
    const { app, failure } = appWith({ getToken: () => answer as unknown as string });
    await get(app, '/');
    expect((failure() as Error).message).toBe(
      `getToken must answer a string or undefined at once, not ${kind}.`,
    );
  });

  it('that finds none is named to the operator', async () => {
    const { app, failure } = appWith({
      getToken: () => undefined,
      onError: (error, _req, _res, next) => next(error),
    });
    await get(app, '/');
    expect((failure() as AuthError).hint).toBe('getToken found no token.');
  });

  it('that answers a String object with a good token in it is a mistake too', async () => {
    const token = await readingToken(logto);
    const { app, ran, failure } = appWith({ getToken: () => Object(token) as string });
    expect((await get(app, '/')).status).toBe(500);
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
      expect((await get(app, '/', await readingToken(logto))).status).toBe(500);
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
    expect((await get(app, '/', await readingToken(logto))).status).toBe(500);
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
      expect((await get(app, '/', await readingToken(logto))).status).toBe(500);
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
    expect((await get(app, '/', await readingToken(logto))).status).toBe(500);
    expect(ran()).toBe(false);
    expect((failure() as Error).message).toMatch(/not an Error/);
  });

  it('a Promise that is not the global one is waited for all the same', async () => {
    const { app, ran } = appWith({});
    const token = await readingToken(logto);
    const forged = `${token.slice(0, -8)}AAAAAAAA`;
    const Intrinsic = globalThis.Promise;
    globalThis.Promise = class extends Intrinsic<unknown> {} as PromiseConstructor;
    try {
      expect((await get(app, '/', forged)).status).toBe(401);
      expect(ran()).toBe(false);
      expect((await get(app, '/', token)).status).toBe(200);
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
    expect((await get(app, '/', await readingToken(logto))).status).toBe(500);
    await new Promise((resolve) => setTimeout(resolve, 10));
    process.off('unhandledRejection', unhandled);
    expect(ran()).toBe(false);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it.each([1n, {}, [], null, 5, Symbol('x')])(
    'returned by the organization function, %s, is no organization',
    async (id) => {
      const { app } = appWith({ organization: () => id as string });
      expect((await get(app, '/', await readingToken(logto, { organizationId: '1' }))).status).toBe(403);
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

  it.each<[string, unknown]>([
    ...odd.filter(([, value]) => Boolean(value)),
    ['a number', 200],
    ['true', true],
    ['a promise', Promise.resolve()],
  ])('that calls next with %s fails with that as the cause of an Error', async (_what, reason) => {
    const { app, ran, failure } = appWith({ onError: (_error, _req, _res, next) => next(reason) });
    for (const token of [undefined, await forgedToken(logto)]) {
      expect((await get(app, '/', token)).status).toBe(500);
      expect(failure()).toBeInstanceOf(Error);
      expect(failure()).toMatchObject({ status: 500, cause: reason });
    }
    expect(ran()).toBe(false);
  });

  const slips: [what: string, onError: NonNullable<LogtoAuthOptions['onError']>, status: number][] = [
    [
      'throws',
      () => {
        throw undefined;
      },
      401,
    ],
    [
      'throws an Error',
      () => {
        throw new Error('mine');
      },
      500,
    ],
    ['rejects', () => Promise.reject('route'), 401],
    ['rejects with an Error', () => Promise.reject(new Error('mine')), 500],
    ['returns a thenable that rejects', () => thenable((_, reject) => reject(new Error('mine'))), 500],
    [
      'returns a thenable that throws',
      () =>
        thenable(() => {
          throw 'router';
        }),
      401,
    ],
    [
      'calls next and then throws',
      (_error, _req, _res, next) => {
        next();
        throw new Error('too late');
      },
      401,
    ],
    [
      'calls next and then rejects',
      async (_error, _req, _res, next) => {
        next();
        throw new Error('too late');
      },
      401,
    ],
    [
      'calls next twice',
      (error, _req, _res, next) => {
        next(error);
        next();
      },
      401,
    ],
    ['calls next later', (_error, _req, _res, next) => void setTimeout(next, 5), 401],
    [
      'hands next on, as to the callback of a function that found no fault',
      (_error, _req, _res, next) => sleep(5, null).then((error) => next(error)),
      401,
    ],
  ];

  it.each(slips)('that %s refuses the request, once', async (_what, onError, status) => {
    // At once, and late.
    for (const token of [undefined, await forgedToken(logto)]) {
      const { app, ran, failures } = appWith({ onError });
      expect((await get(app, '/', token)).status).toBe(status);
      await sleep(10);
      expect(ran()).toBe(false);
      expect(failures).toEqual([expect.any(Error)]);
    }
  });

  it('that answers with 200, or answers and goes on, lets nobody in all the same', async () => {
    const kind: LogtoAuthOptions['onError'] = (_error, _req, res) => res.json({ anonymous: true });
    const careless: LogtoAuthOptions['onError'] = (error, _req, res, next) => {
      res.status(error.status).json({ anonymous: true });
      next();
    };
    for (const token of [undefined, await forgedToken(logto)]) {
      for (const onError of [kind, careless]) {
        const { app, ran } = appWith({ onError });
        expect((await get(app, '/', token)).body).toEqual({ anonymous: true });
        await sleep(5);
        expect(ran()).toBe(false);
      }
    }
  });

  it.each<[string, LogtoAuthOptions['onError']]>([
    ['nothing', () => {}],
    ['a promise that is never settled', () => new Promise(() => {})],
    ['a thenable that is never settled', () => thenable(() => {})],
  ])('that answers nobody and returns %s lets nobody in', async (_what, onError) => {
    const called = vi.fn();
    for (const token of [undefined, await forgedToken(logto)]) {
      const { app, ran, failures } = appWith({
        onError: (...args) => {
          called();
          return onError?.(...args);
        },
      });
      const sent = get(app, '/', token);
      const answered = vi.fn();
      sent.then(answered, () => {});
      await vi.waitFor(() => expect(called).toHaveBeenCalled());
      called.mockClear();
      await sleep(30);
      expect(answered).not.toHaveBeenCalled();
      expect(ran()).toBe(false);
      expect(failures).toEqual([]);
      sent.abort();
    }
  });

  // Express's own response functions go on by req.next: sendFile does where the path is a directory.
  it.each<[string, NonNullable<LogtoAuthOptions['onError']>]>([
    [
      'sends a page whose path is a directory',
      (error, _req, res) => res.status(error.status).sendFile(tmpdir()),
    ],
    ['goes on by req.next', (_error, req) => req.next?.()],
    ["goes on by req.next('router')", (_error, req) => req.next?.('router')],
  ])('that %s opens no door', async (_what, onError) => {
    const { authenticate } = instance({ onError });
    const app = express();
    const ran = vi.fn();
    app.use(authenticate());
    app.use((_req, res) => {
      ran();
      res.end('open');
    });
    for (const token of [undefined, await forgedToken(logto)]) {
      const { status, text } = await get(app, '/', token);
      expect({ status, text }).not.toMatchObject({ text: 'open' });
      expect(status).toBe(401);
    }
    expect(ran).not.toHaveBeenCalled();
  });

  it.each<[string, NonNullable<LogtoAuthOptions['onError']>]>([
    [
      'sends such a page',
      (error, _req, res, next) => {
        next(error);
        res.sendFile(tmpdir());
      },
    ],
    [
      'goes on by req.next',
      (error, req, _res, next) => {
        next(error);
        req.next?.();
      },
    ],
  ])('that %s after it has passed the error opens no door either', async (_what, onError) => {
    const { authenticate } = instance({ onError });
    const ran = vi.fn();
    const late: ErrorRequestHandler = (error, _req, res, _next) => {
      setTimeout(() => {
        if (!res.headersSent) res.status(error.status ?? 500).end();
      }, 20);
    };
    const open: RequestHandler = (_req, res) => {
      ran();
      res.end('open');
    };
    const flat = express().use(authenticate(), late, open);
    const nested = express().use(express.Router().use(authenticate(), late), open);
    for (const app of [flat, nested]) {
      for (const token of [undefined, await forgedToken(logto)])
        expect((await get(app, '/', token)).status).toBe(401);
    }
    expect(ran).not.toHaveBeenCalled();
  });

  it('leaves req.next as it was, for the error handlers and for requests that have none', async () => {
    const { authenticate } = instance({ onError: (error, _req, _res, next) => next(error) });
    const app = express().use(authenticate());
    app.use(((_error, _req, res, _next) => res.sendFile('/no/such/page')) satisfies ErrorRequestHandler);
    app.use(((_error, _req, res, _next) => void res.status(404).end()) satisfies ErrorRequestHandler);
    expect((await get(app, '/')).status).toBe(404);

    const plain = { headers: {}, rawHeaders: [] } as unknown as Request;
    const next = vi.fn();
    authenticate()(plain, {} as Response, next);
    expect(next).toHaveBeenCalledOnce();
    expect(plain).not.toHaveProperty('next');
  });
});

describe('an AuthError that is passed on', () => {
  const require = createRequire(import.meta.url);
  // The one that Express itself uses.
  const createError = createRequire(require.resolve('express'))('http-errors');
  const { isHttpError } = createError;

  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** Logto is down for the rest of the test. */
  async function goDown(): Promise<void> {
    await logto.stop();
    onTestFinished(logto.start);
  }

  /** An app without an error handler of its own, and the hints of what it refused. */
  function bare(environment: string): { app: Express; hints: string[] } {
    const hints: string[] = [];
    const { requireScopes } = instance({
      onError: (error, _req, _res, next) => {
        hints.push(error.hint ?? '');
        next(error);
      },
    });
    const app = express().set('env', environment);
    app.get('/', requireScopes('read:products'), (_req, res) => void res.end('ran'));
    return { app, hints };
  }

  it.each<[number, RegExp, () => Promise<string> | undefined, Record<string, string>]>([
    [
      401,
      /This API needs an access token/,
      () => undefined,
      { 'www-authenticate': 'Bearer realm="api", scope="read:products"' },
    ],
    [
      401,
      /The signature of the access token is not valid/,
      () => forgedToken(logto),
      { 'www-authenticate': expect.stringContaining('error="invalid_token"') },
    ],
    [
      403,
      /The access token lacks a permission/,
      () => logto.issueToken({ scopes: 'x' }),
      { 'www-authenticate': expect.stringContaining('error="insufficient_scope"') },
    ],
    [
      503,
      /The access token cannot be checked/,
      () => readingToken(logto),
      { 'retry-after': expect.stringMatching(/^[12]$/) },
    ],
  ])(
    "gets %i from Express's own handler, with headers and message, and no hint",
    async (status, sentence, token, headers) => {
      const logged = vi.spyOn(console, 'error').mockImplementation(() => {});
      if (status === 503) await goDown();
      const texts: string[] = [];
      for (const environment of ['test', 'production']) {
        const { app, hints } = bare(environment);
        const response = await get(app, '/', await token());
        expect(response.status).toBe(status);
        expect(response.headers).toMatchObject(headers);
        texts.push(response.text);
        // In tests Express logs nothing.
        if (environment === 'production') await vi.waitFor(() => expect(logged).toHaveBeenCalledTimes(1));
        const log = logged.mock.calls.map(([line]) => inspect(line)).join();
        if (environment === 'production') expect(log).toMatch(sentence);
        // Its beginning, for in HTML some of it would be escaped.
        const [hint = ''] = hints;
        expect(hint.length).toBeGreaterThan(20);
        expect(response.text + log).not.toContain(hint.slice(0, 20));
      }
      expect(texts[0]).toMatch(sentence);
      // There Express says no more than the status means.
      expect(texts[1]).not.toMatch(sentence);
    },
  );

  it("is an error of http-errors' kind, by that library's own test", async () => {
    const { app, failure } = appWith({ onError: (error, _req, _res, next) => next(error) });
    for (const [token, status, expose] of [
      [undefined, 401, true],
      [await logto.issueToken({ claims: { scope: '' } }), 403, true],
    ] as const) {
      await get(app, '/', token);
      expect(isHttpError(failure())).toBe(true);
      expect(failure()).toMatchObject({ status, statusCode: status, expose });
    }
    await goDown();
    const cold = appWith({ onError: (error, _req, _res, next) => next(error) });
    await get(cold.app, '/', await readingToken(logto));
    expect(isHttpError(cold.failure())).toBe(true);
    expect(cold.failure()).toMatchObject({ status: 503, statusCode: 503, expose: false });
  });

  it('an AuthError takes another status and other headers', async () => {
    const headers = { 'WWW-Authenticate': 'Bearer realm="other"' };
    const onError: LogtoAuthOptions['onError'] = (error, _req, _res, next) => {
      error.statusCode = 418;
      expect(error.status).toBe(418);
      next(createError(error, { headers }));
    };
    const app = express().get('/', instance({ onError }).authenticate());
    const answer = await get(app, '/');
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([418, 'Bearer realm="other"']);
  });

  it('an AuthError can be made over by http-errors, as by its own library', async () => {
    const { authenticate } = instance({
      onError: (error, _req, _res, next) => next(createError(404, error)),
    });
    const app = express().get('/', authenticate(), (_req, res) => void res.end('ran'));
    const { status, headers } = await get(app, '/');
    expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer realm="api"']);
  });
});

describe('isRevoked in verify', () => {
  /** First a new token, then a known one. */
  async function fates(isRevoked: NonNullable<LogtoAuthOptions['isRevoked']>): Promise<unknown[]> {
    const { verify } = instance({ isRevoked });
    const token = await readingToken(logto);
    const fate = () =>
      verify(token).then(
        ({ clientId }) => clientId,
        (error: unknown) => error,
      );
    return [await fate(), await fate()];
  }

  it('rejects with the very error that it throws or rejects with', async () => {
    const error = new RangeError('mine');
    const throwing = () => {
      throw error;
    };
    for (const isRevoked of [throwing, () => Promise.reject(error)]) {
      const found = await fates(isRevoked);
      expect(found).toHaveLength(2);
      for (const one of found) expect(one).toBe(error);
    }
  });

  it.each([...odd, ["'route'", 'route']])(
    'rejects with an Error where it throws %s',
    async (_what, value) => {
      const throwing = () => {
        throw value;
      };
      for (const isRevoked of [throwing, () => Promise.reject(value)]) {
        for (const error of await fates(isRevoked)) {
          expect(error).toBeInstanceOf(Error);
          expect(error).toMatchObject({ status: 500, cause: value });
        }
      }
    },
  );

  it.each(odd)('rejects with a TypeError where it answers %s', async (_what, value) => {
    for (const answer of [value, Promise.resolve(value)]) {
      for (const error of await fates(() => answer as boolean)) expect(error).toBeInstanceOf(TypeError);
    }
  });

  it.each(thenables)('waits for a thenable which %s', async (_what, make, status) => {
    const ends = (await fates(make)).map((fate) => {
      if (fate instanceof AuthError) return fate.status;
      return fate instanceof Error ? 500 : 200;
    });
    expect(ends).toEqual([status, status]);
  });

  it('that never answers resolves nothing, and holds up nobody else', async () => {
    const { verify } = instance({
      maxPending: 1,
      isRevoked: ({ clientId }) => (clientId === 'silent' ? new Promise(() => {}) : false),
    });
    const settled = vi.fn();
    const silent = await readingToken(logto, { clientId: 'silent' });
    verify(silent).then(settled, settled);
    const another = await readingToken(logto);
    await expect(sleep(30).then(() => verify(another))).resolves.toBeDefined();
    verify(silent).then(settled, settled);
    await sleep(30);
    expect(settled).not.toHaveBeenCalled();
  });

  it('a token that expires while isRevoked makes up its mind is refused', async () => {
    const answers: ((answer: boolean) => void)[] = [];
    const auth = instance({ isRevoked: () => new Promise<boolean>((resolve) => answers.push(resolve)) });
    const fate = fateOf(auth, await readingToken(logto, { expiresIn: 60 }));
    await vi.waitFor(() => expect(answers).toHaveLength(1));
    travel(120);
    answers[0]?.(false);
    expect(await fate).toBe('expired');
  });

  it('a token whose key is withdrawn meanwhile is refused', async () => {
    const own = await ownLogto();
    const answers: ((answer: boolean) => void)[] = [];
    const auth = instance({
      endpoint: own.endpoint,
      isRevoked: () => new Promise<boolean>((resolve) => answers.push(resolve)),
    });
    const fate = fateOf(auth, await readingToken(own));
    await vi.waitFor(() => expect(answers).toHaveLength(1));
    await own.rotateKeys({ keepPrevious: false });
    // Its unknown kid has the keys asked for anew.
    const next = fateOf(auth, await readingToken(own));
    await vi.waitFor(() => expect(answers).toHaveLength(2));
    for (const answer of answers) answer(false);
    expect([await fate, await next]).toEqual(['unknown_key', 'ok']);
  });

  it('a token whose keys have become too old meanwhile cannot be told of: that is no fault of its sender', async () => {
    const own = await ownLogto();
    const answers: ((answer: boolean) => void)[] = [];
    const auth = instance({
      endpoint: own.endpoint,
      jwksCache: { maxAge: 10, maxStale: 10 },
      isRevoked: () => new Promise<boolean>((resolve) => answers.push(resolve)),
    });
    const fate = fateOf(auth, await readingToken(own));
    await vi.waitFor(() => expect(answers).toHaveLength(1));
    await own.stop();
    travel(30);
    answers[0]?.(false);
    expect(await fate).toBe('keys_unavailable');
  });
});

it('a guard that comes after the answer keeps the handler from running', async () => {
  const { requireScopes } = createLogtoAuth({ endpoint: logto.endpoint, audience: AUDIENCE });
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

it('an answer that cannot be given reaches the error handler, at once or late', async () => {
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  const app = express();
  app.use((_req, res, next) => {
    // As a listener of on-headers that throws.
    const { writeHead } = res;
    res.writeHead = ((...args: Parameters<typeof writeHead>) => {
      res.writeHead = writeHead;
      throw new Error(`mine ${args.length}`);
    }) as typeof writeHead;
    next();
  });
  app.use(instance({}).authenticate());
  const seen: unknown[] = [];
  app.use(((error, _req, res, _next) => {
    seen.push(error.message);
    res.statusCode = 500;
    res.end('oops');
  }) satisfies ErrorRequestHandler);
  for (const token of [undefined, await forgedToken(logto)]) {
    const { status, headers, text } = await get(app, '/', token).timeout(1_000);
    expect({ status, text }).toEqual({ status: 500, text: 'oops' });
    for (const name of ['www-authenticate', 'cache-control', 'content-type']) {
      expect(headers).not.toHaveProperty(name);
    }
  }
  expect(seen).toEqual([expect.stringMatching(/^mine/), expect.stringMatching(/^mine/)]);
  await sleep(10);
  process.off('unhandledRejection', unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});

it('an answer that cannot be given leaves no Retry-After behind', async () => {
  const app = express();
  app.use((_req, res, next) => {
    const { end } = res;
    res.end = (() => {
      res.end = end;
      throw new Error('mine');
    }) as typeof end;
    next();
  });
  app.use(createLogtoAuth({ endpoint: 'http://127.0.0.1:1', audience: AUDIENCE }).authenticate());
  app.use(((error, _req, res, _next) => {
    res.status(500).end(error.message);
  }) satisfies ErrorRequestHandler);
  const token = await readingToken(logto, { claims: { iss: 'http://127.0.0.1:1/oidc' } });
  const { status, headers, text } = await get(app, '/', token);
  expect({ status, text }).toEqual({ status: 500, text: 'mine' });
  expect(headers).not.toHaveProperty('retry-after');
});

it('an answer that breaks off half-way reaches the error handler by its own error', async () => {
  const app = express();
  app.use((_req, res, next) => {
    res.end = (() => {
      res.write('half');
      throw new Error('mine');
    }) as typeof res.end;
    next();
  });
  app.use(instance({}).authenticate());
  const failed = vi.fn();
  app.use(((error, req, _res, _next) => {
    failed(error.message);
    req.socket.destroy();
  }) satisfies ErrorRequestHandler);
  await expect(get(app, '/')).rejects.toThrow();
  expect(failed.mock.calls).toEqual([['mine']]);
});
