import { describe, expect, it } from 'vitest';
import type { AuthError } from '../../src/index.js';
import { readingToken } from '../support/logto.js';
import { get } from '../support/request.js';
import { appWith, logto, thenable } from './probe.js';

describe('getToken', () => {
  it('can read the token from another header, and Authorization is then ignored', async () => {
    const { app } = appWith({ getToken: (req) => req.get('x-access-token') });
    const { status } = await get(app, '/').set('X-Access-Token', await readingToken(logto));
    expect(status).toBe(200);
    const response = await get(app, '/', await readingToken(logto));
    expect(response.status).toBe(401);
    expect(response.body.error).toBe('unauthorized');
  });

  it.each([undefined, ''])('reports a missing token by returning %j', async (token) => {
    const { app } = appWith({ getToken: () => token });
    const response = await get(app, '/', await readingToken(logto));
    expect([response.status, response.body.error]).toEqual([401, 'unauthorized']);
  });

  it.each([
    ['a string that is not a JWT', () => 'a b'],
    ['the whole header', (token: string) => `Bearer ${token}`],
    ['two tokens', (token: string) => `${token} ${token}`],
    ['a megabyte', () => 'x'.repeat(1_000_000)],
  ])('causes a 401 if it returns %s', async (_what, returned) => {
    const token = await readingToken(logto);
    const { app, ran } = appWith({ getToken: () => returned(token) });
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
  ])('causes a 500 with a TypeError if it returns %s', async (_what, returned) => {
    const { app, ran, failure } = appWith({ getToken: () => returned as string });
    expect((await get(app, '/', await readingToken(logto))).status).toBe(500);
    expect(ran()).toBe(false);
    expect(failure()).toBeInstanceOf(TypeError);
  });

  it.each([
    [null, 'null'],
    [5, 'number'],
    [['x'], 'object'],
    [Promise.resolve('x'), 'object'],
  ])('causes an error that names the type of its return value %j', async (returned, kind) => {
    const { app, failure } = appWith({ getToken: () => returned as unknown as string });
    await get(app, '/');
    expect((failure() as Error).message).toBe(
      `getToken must return a string or undefined at once, not ${kind}.`,
    );
  });

  it('is named in error.hint if it finds no token', async () => {
    const { app, failure } = appWith({
      getToken: () => undefined,
      onError: (error, _req, _res, next) => next(error),
    });
    await get(app, '/');
    expect((failure() as AuthError).hint).toBe('getToken returned no token.');
  });

  it('causes a 500 with a TypeError if it returns a String object of a valid token', async () => {
    const token = await readingToken(logto);
    const { app, ran, failure } = appWith({ getToken: () => Object(token) as string });
    expect((await get(app, '/')).status).toBe(500);
    expect(ran()).toBe(false);
    expect(failure()).toBeInstanceOf(TypeError);
  });
});
