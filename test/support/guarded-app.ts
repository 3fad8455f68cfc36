import type { ErrorRequestHandler, RequestHandler } from 'express';
import { afterEach, beforeEach, vi } from 'vitest';
import { createLogtoAuth, getAuth, type LogtoAuth, type LogtoAuthOptions } from '../../src/index.js';
import type { TestTokenOptions } from '../../src/testing/index.js';
import { AUDIENCE, readingToken, sharedLogto } from './logto.js';
import { sharedIssuer } from './test-issuer.js';

export const logto = await sharedLogto();
/** An issuer that can delay its keys. */
export const issuer = await sharedIssuer();

export const instance = (options: LogtoAuthOptions = {}): LogtoAuth =>
  createLogtoAuth({ endpoint: logto.endpoint, audience: AUDIENCE, ...options });

/** A new instance for each test. */
export let auth: LogtoAuth;

/** The handler behind the guards; its response names the calling app. */
export const handler = vi.fn<RequestHandler>((req, res) => {
  res.json({ app: getAuth(req).clientId, same: req.auth === getAuth(req) });
});

beforeEach(() => {
  auth = instance();
  handler.mockClear();
});
afterEach(() => {
  issuer.answer = undefined;
});

export const reading = (options: TestTokenOptions = {}) => readingToken(logto, options);
export const writing = () => logto.issueToken({ scopes: 'write:products' });
export const both = () => logto.issueToken({ scopes: 'read:products write:products' });

/** An app's error handler that records the errors it gets. */
export function errorHandler(): { handle: ErrorRequestHandler; seen: unknown[] } {
  const seen: unknown[] = [];
  return {
    seen,
    handle: (error, _req, res, _next) => {
      seen.push(error);
      res.status(error?.status ?? 500).json({ handled: true });
    },
  };
}
