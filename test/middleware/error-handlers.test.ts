import { createRequire } from 'node:module';
import express, { type ErrorRequestHandler, type Express } from 'express';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { LogtoAuthOptions } from '../../src/index.js';
import { forgedToken, readingToken } from '../support/logto.js';
import { get } from '../support/request.js';
import { instance, logto } from './probe.js';

// The copy of http-errors that Express itself uses.
const require = createRequire(import.meta.url);
const createError = createRequire(require.resolve('express'))('http-errors');

/** An app's own error class. The app's error handler treats all other errors as faults of the app. */
class ApiError extends Error {
  constructor(
    readonly errorCode: number,
    message: string,
  ) {
    super(message);
  }
}

type OnError = NonNullable<LogtoAuthOptions['onError']>;
const onward: OnError = (error, _req, _res, next) => next(error);
const asApiError: OnError = (error, _req, _res, next) => next(new ApiError(error.status, error.message));

/** Typical error handlers of apps, and the `onError` that passes errors to them. */
const SHAPES: [what: string, onError: OnError, handler: ErrorRequestHandler | undefined][] = [
  ["Express's own", onward, undefined],
  [
    'err.status',
    onward,
    (err, _req, res, _next) => void res.status(err.status ?? 500).json({ error: err.message }),
  ],
  [
    'err.statusCode',
    onward,
    (err, _req, res, _next) => void res.status(err.statusCode || 500).send({ message: err.message }),
  ],
  [
    'res.statusCode',
    onward,
    (err, _req, res, _next) => {
      res.status(res.statusCode === 200 ? 500 : res.statusCode);
      res.json({ message: err.message });
    },
  ],
  [
    'a class of the app by its errorCode',
    asApiError,
    (err, _req, res, _next) => void res.status(err.errorCode || 500).json({ message: err.message }),
  ],
  [
    'a class of the app, and 500 for all else',
    asApiError,
    (err, _req, res, _next) => {
      if (err instanceof ApiError) res.status(err.errorCode).json({ message: err.message });
      else res.status(500).json({ message: 'Internal error' });
    },
  ],
  [
    'http-errors',
    (error, _req, _res, next) => next(createError(error.status, error.message)),
    (err, _req, res, _next) =>
      void res.status(err.status).json({ message: err.expose ? err.message : 'Sorry' }),
  ],
  [
    'problem details (RFC 9457)',
    onward,
    (err, _req, res, _next) => {
      const { status = 500, message: title } = err;
      res.status(status).type('application/problem+json').send(JSON.stringify({ status, title }));
    },
  ],
];

interface Row {
  readonly what: string;
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly send: (
    app: Express,
  ) => PromiseLike<{ status: number; headers: Record<string, string>; text: string }>;
}

const challenge = (rest: string) => ({
  'www-authenticate': expect.stringMatching(new RegExp(`^Bearer realm="api"${rest}`)),
});
const withToken = (token: () => Promise<string>) => async (app: Express) => get(app, '/', await token());

/** A row for each kind of refusal (README, What the caller gets). */
const ROWS: Row[] = [
  {
    what: 'without a token',
    status: 401,
    headers: challenge(', scope="read:products"$'),
    send: async (app) => get(app, '/'),
  },
  {
    what: 'a malformed header',
    status: 400,
    headers: challenge(', error="invalid_request"'),
    send: withToken(async () => 'a b'),
  },
  {
    what: 'a forged token',
    status: 401,
    headers: challenge(', error="invalid_token"'),
    send: withToken(() => forgedToken(logto)),
  },
  {
    what: 'a missing permission',
    status: 403,
    headers: challenge(', scope="read:products", error="insufficient_scope"'),
    send: withToken(() => logto.issueToken({ scopes: 'other' })),
  },
  {
    what: 'unavailable keys',
    status: 503,
    headers: { 'retry-after': expect.stringMatching(/^\d+$/) },
    send: withToken(async () => {
      const token = await readingToken(logto);
      await logto.stop();
      onTestFinished(logto.start);
      return token;
    }),
  },
];

describe.each(SHAPES)(
  "an app's error handler keeps the status and challenge of a refusal: %s",
  (_what, onError, handler) => {
    it.each(ROWS.map((row) => [row.what, row] as const))('%s', async (_row, { status, headers, send }) => {
      const app = express().set('env', 'test');
      app.get('/', instance({ onError }).requireScopes('read:products'), (_req, res) => void res.end('ran'));
      if (handler !== undefined) app.use(handler);
      const response = await send(app);
      expect(response.text).not.toContain('ran');
      expect({ status: response.status, headers: response.headers }).toMatchObject({
        status,
        headers: { ...headers, 'cache-control': 'no-store' },
      });
    });
  },
);
