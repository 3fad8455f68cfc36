import express, { type ErrorRequestHandler, type Express } from 'express';
import { describe, expect, it, vi } from 'vitest';
import * as client from '../src/client/index.js';
import * as one from '../src/index.js';
import { AUDIENCE, readingToken, sharedLogto } from './support/logto.js';
import { get } from './support/request.js';

const logto = await sharedLogto();
vi.resetModules();
const other = await import('../src/index.js');
const otherClient = await import('../src/client/index.js');

/** An app with the guards of one copy of the package, and the rest of another, as in a monorepo. */
function appOf(guards: typeof one, rest: (app: Express) => void): Express {
  const { requireScopes } = guards.createLogtoAuth({
    endpoint: logto.endpoint,
    audience: AUDIENCE,
    onError: (error, _req, _res, next) => next(error),
  });
  const app = express();
  app.use('/', requireScopes('read:products'));
  rest(app);
  return app;
}

describe('with two copies of the package in a process', () => {
  it('the copies are distinct', () => {
    expect(other.getAuth).not.toBe(one.getAuth);
    expect(other.AuthError).not.toBe(one.AuthError);
  });

  it('getAuth of the other copy throws an error that names the cause', async () => {
    const app = appOf(one, (app) => {
      app.get('/', (req, res) => {
        expect(one.getAuth(req)).toBe(req.auth);
        res.json(other.getAuth(req));
      });
      app.use(((error, _req, res, _next) => void res.status(500).json(error.message)) as ErrorRequestHandler);
    });
    const { status, body } = await get(app, '/', await readingToken(logto));
    expect(status).toBe(500);
    expect(body).toMatch(/another copy of express-logto-m2m has set req\.auth.*`npm ls express-logto-m2m`/);
  });

  it('getAuth does not report another copy if a middleware of the app assigned req.auth', () => {
    for (const auth of [undefined, null, 'x', {}, { clientId: 'app', claims: {} }]) {
      expect(() => one.getAuth({ auth })).toThrow('no guard has accepted this request');
    }
  });

  it('getAuth does not report another copy for a token from verify() of its own copy', async () => {
    const { endpoint, audience } = logto;
    const verified = await one.createLogtoAuth({ endpoint, audience }).verify(await readingToken(logto));
    expect(() => one.getAuth({ auth: verified })).toThrow('no guard has accepted this request');
    expect(() => other.getAuth({ auth: verified })).toThrow('another copy');
  });

  it('getAuth does not trust a mark that other code has set', async () => {
    let mark: symbol | undefined;
    const app = appOf(one, (app) => {
      app.get('/', (req, res) => {
        [mark] = Object.getOwnPropertySymbols(req.auth);
        res.end();
      });
    });
    await get(app, '/', await readingToken(logto));
    expect(mark).toBeDefined();
    expect(() => one.getAuth({ auth: { [mark as symbol]: true } })).toThrow('another copy');
  });

  it('instanceof AuthError recognizes the errors of both copies, and no others', async () => {
    const app = appOf(one, (app) => {
      app.use(((error, _req, res, _next) => {
        res.status(error.status).json([error instanceof one.AuthError, error instanceof other.AuthError]);
      }) as ErrorRequestHandler);
    });
    expect(await get(app, '/')).toMatchObject({ status: 401, body: [true, true] });

    class Own extends one.AuthError {}
    expect(new Own('no_token') instanceof other.AuthError).toBe(true);
    expect(new Own('no_token') instanceof Own).toBe(true);
    expect(new one.AuthError('no_token') instanceof Own).toBe(false);
    expect(new other.AuthError('no_token') instanceof Own).toBe(false);
    for (const value of [undefined, null, 1, 'AuthError', {}, new Error('x'), { name: 'AuthError' }]) {
      expect(value instanceof one.AuthError).toBe(false);
    }
  });

  it('instanceof M2MClientError recognizes the errors of both copies, and no AuthError', () => {
    expect(new client.M2MClientError('timeout', 'x') instanceof otherClient.M2MClientError).toBe(true);
    expect(new one.AuthError('no_token') instanceof otherClient.M2MClientError).toBe(false);
  });
});
