import { setTimeout as sleep } from 'node:timers/promises';
import express, { type ErrorRequestHandler } from 'express';
import { expect, it, vi } from 'vitest';
import { AuthError, createLogtoAuth } from '../../src/index.js';
import { AUDIENCE, forgedToken, readingToken } from '../support/logto.js';
import { get } from '../support/request.js';
import { instance, logto } from './probe.js';

it('a guard that runs after a response was sent keeps the handler from running', async () => {
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

it('a refusal reaches the error handler if its response cannot be sent, at once or after a wait', async () => {
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  const app = express();
  app.use((_req, res, next) => {
    // Like a listener of the on-headers package that throws.
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
    seen.push(error);
    res.end('oops');
  }) satisfies ErrorRequestHandler);
  for (const token of [undefined, await forgedToken(logto)]) {
    const { status, headers, text } = await get(app, '/', token).timeout(1_000);
    expect({ status, text }).toEqual({ status: 401, text: 'oops' });
    expect(headers).toMatchObject({ 'www-authenticate': expect.any(String), 'cache-control': 'no-store' });
    expect(headers).not.toHaveProperty('content-type');
  }
  expect(seen).toEqual([expect.any(AuthError), expect.any(AuthError)]);
  await sleep(10);
  process.off('unhandledRejection', unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});

it('a 503 whose response cannot be sent keeps its Retry-After header', async () => {
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
    res.status(error.status).end(error.reason);
  }) satisfies ErrorRequestHandler);
  const token = await readingToken(logto, { claims: { iss: 'http://127.0.0.1:1/oidc' } });
  const { status, headers, text } = await get(app, '/', token);
  expect({ status, text }).toEqual({ status: 503, text: 'keys_unavailable' });
  expect(headers).toMatchObject({
    'retry-after': expect.stringMatching(/^\d+$/),
    'cache-control': 'no-store',
  });
});

it('a refusal reaches the error handler if its response fails half-way', async () => {
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
    failed(error.reason);
    req.socket.destroy();
  }) satisfies ErrorRequestHandler);
  await expect(get(app, '/')).rejects.toThrow();
  expect(failed.mock.calls).toEqual([['no_token']]);
});
