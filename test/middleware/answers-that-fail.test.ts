import { setTimeout as sleep } from 'node:timers/promises';
import express, { type ErrorRequestHandler } from 'express';
import { expect, it, vi } from 'vitest';
import { AuthError, createLogtoAuth } from '../../src/index.js';
import { AUDIENCE, forgedToken, readingToken } from '../support/logto.js';
import { get } from '../support/request.js';
import { instance, logto } from './probe.js';

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
