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
import { AuthError, type LogtoAuthOptions } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { forgedToken, readingToken } from '../support/logto.js';
import { get } from '../support/request.js';
import { appWith, instance, logto, odd, thenable } from './probe.js';

const thrown = (error: Error): never => {
  throw error;
};

describe('onError', () => {
  it('sends the response instead of the guard', async () => {
    const { app } = appWith({
      onError: (error, _req, res) => res.status(error.status).set(error.headers).json({ mine: error.reason }),
    });
    const response = await get(app, '/');
    expect(response.status).toBe(401);
    expect(response.body).toEqual({ mine: 'no_token' });
    expect(response.headers['www-authenticate']).toBe('Bearer realm="api", scope="read:products"');
  });

  it('inherits the status and headers of the refusal and can override them', async () => {
    const inheriting = appWith({ onError: (error, _req, res) => res.json({ mine: error.reason }) });
    const { status, headers } = await get(inheriting.app, '/');
    expect({ status, headers }).toMatchObject({
      status: 401,
      headers: {
        'www-authenticate': 'Bearer realm="api", scope="read:products"',
        'cache-control': 'no-store',
        'content-type': expect.stringContaining('application/json'),
      },
    });
    const own = appWith({
      onError: (_error, _req, res) => res.status(404).set('WWW-Authenticate', 'Basic').json({}),
    });
    const response = await get(own.app, '/');
    expect([response.status, response.headers['www-authenticate']]).toEqual([404, 'Basic']);
  });

  it('leaves no status or headers of the refusal if it throws or rejects with an Error', async () => {
    for (const onError of [() => Promise.reject(new Error('mine')), () => thrown(new Error('mine'))]) {
      const app = express().get('/', instance({ onError }).authenticate());
      const { status, headers } = await get(app.set('env', 'test'), '/');
      expect(status).toBe(500);
      for (const name of ['www-authenticate', 'cache-control']) expect(headers).not.toHaveProperty(name);
      const own = express().set('env', 'test');
      own.use((_req, res, next) => next(void res.set('Cache-Control', 'private')));
      own.get('/', instance({ onError }).authenticate());
      expect((await get(own, '/')).headers['cache-control']).toBe('private');
    }
  });

  it('does not change its response by throwing afterwards', async () => {
    const statuses: number[] = [];
    const onError: LogtoAuthOptions['onError'] = async (_error, _req, res) => {
      res.json({ mine: true });
      throw new Error('mine');
    };
    const app = express().set('env', 'test');
    app.use((_req, res, next) => {
      res.on('finish', () => statuses.push(res.statusCode));
      next();
    });
    app.get('/', instance({ onError }).authenticate());
    expect((await get(app, '/')).status).toBe(401);
    await eventually(() => expect(statuses).toEqual([401]));
  });

  it.each<[string, unknown]>([
    ...odd.filter(([, value]) => !value),
    ["'route'", 'route'],
    ["'router'", 'router'],
  ])(
    'passes the AuthError on if it calls next with %s, and the handler does not run',
    async (_what, reason) => {
      const { app, ran, failure } = appWith({ onError: (_error, _req, _res, next) => next(reason) });
      expect((await get(app, '/')).status).toBe(401);
      expect(ran()).toBe(false);
      expect(failure()).toBeInstanceOf(AuthError);
    },
  );

  it('may pass the AuthError or an error of its own to the error handler of Express', async () => {
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
  ])('causes an Error with the value as its cause if it calls next with %s', async (_what, reason) => {
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
      'calls next with null later, like a callback without an error',
      (_error, _req, _res, next) => sleep(5, null).then((error) => next(error)),
      401,
    ],
  ];

  it.each(slips)('refuses the request exactly once if it %s', async (_what, onError, status) => {
    // A synchronous and an asynchronous refusal.
    for (const token of [undefined, await forgedToken(logto)]) {
      const { app, ran, failures } = appWith({ onError });
      expect((await get(app, '/', token)).status).toBe(status);
      await sleep(10);
      expect(ran()).toBe(false);
      expect(failures).toEqual([expect.any(Error)]);
    }
  });

  it('does not let the request through if it responds as to an anonymous user, or responds and calls next', async () => {
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
  ])('does not let the request through if it sends no response and returns %s', async (_what, onError) => {
    const called = vi.fn();
    for (const token of [undefined, await forgedToken(logto)]) {
      const { app, ran, failures } = appWith({
        onError: (...args) => {
          called();
          return onError?.(...args);
        },
      });
      const sent = get(app, '/', token);
      const settled = vi.fn();
      sent.then(settled, () => {});
      await eventually(() => expect(called).toHaveBeenCalled());
      called.mockClear();
      await sleep(30);
      expect(settled).not.toHaveBeenCalled();
      expect(ran()).toBe(false);
      expect(failures).toEqual([]);
      sent.abort();
    }
  });

  // Express's own response functions call req.next: sendFile does if the path is a directory.
  it.each<[string, NonNullable<LogtoAuthOptions['onError']>]>([
    [
      'sends a page whose path is a directory',
      (error, _req, res) => res.status(error.status).sendFile(tmpdir()),
    ],
    ['calls req.next', (_error, req) => req.next?.()],
    ["calls req.next('router')", (_error, req) => req.next?.('router')],
  ])('does not let the request through if it %s', async (_what, onError) => {
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
      'sends a page whose path is a directory',
      (error, _req, res, next) => {
        next(error);
        res.sendFile(tmpdir());
      },
    ],
    [
      'calls req.next',
      (error, req, _res, next) => {
        next(error);
        req.next?.();
      },
    ],
  ])('does not let the request through if it passes the error and then %s', async (_what, onError) => {
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

  it('restores req.next for the error handlers, and adds none to a request without one', async () => {
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
  // The copy of http-errors that Express itself uses.
  const createError = createRequire(require.resolve('express'))('http-errors');
  const { isHttpError } = createError;

  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** Stops Logto for the rest of the test. */
  async function goDown(): Promise<void> {
    await logto.stop();
    onTestFinished(logto.start);
  }

  /** An app without its own error handler, and the hints of its refusals. */
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
    "results in %i by Express's own error handler, with headers and message but no hint",
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
        // Express logs nothing if env is 'test'.
        if (environment === 'production') await eventually(() => expect(logged).toHaveBeenCalledTimes(1));
        const log = logged.mock.calls.map(([line]) => inspect(line)).join();
        if (environment === 'production') expect(log).toMatch(sentence);
        // Only the beginning of the hint, since HTML escapes some of its characters.
        const [hint = ''] = hints;
        expect(hint.length).toBeGreaterThan(20);
        expect(response.text + log).not.toContain(hint.slice(0, 20));
      }
      expect(texts[0]).toMatch(sentence);
      // In production Express sends only the standard text of the status.
      expect(texts[1]).not.toMatch(sentence);
    },
  );

  it('is an HTTP error according to isHttpError of http-errors', async () => {
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

  it('accepts another status and other headers', async () => {
    const headers = { 'WWW-Authenticate': 'Bearer realm="other"' };
    const onError: LogtoAuthOptions['onError'] = (error, _req, _res, next) => {
      error.statusCode = 418;
      expect(error.status).toBe(418);
      next(createError(error, { headers }));
    };
    const app = express().get('/', instance({ onError }).authenticate());
    const response = await get(app, '/');
    expect([response.status, response.headers['www-authenticate']]).toEqual([418, 'Bearer realm="other"']);
  });

  it('keeps its status and challenge when createError of http-errors extends it', async () => {
    const { authenticate } = instance({
      onError: (error, _req, _res, next) => next(createError(404, error)),
    });
    const app = express().get('/', authenticate(), (_req, res) => void res.end('ran'));
    const { status, headers } = await get(app, '/');
    expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer realm="api"']);
  });
});
