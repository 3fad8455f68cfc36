import type { NextFunction, Request, Response } from 'express';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { AuthError, type LogtoAuthOptions } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { forgedToken } from '../support/logto.js';
import { instance, logto } from './probe.js';

const fail = (): never => {
  throw new Error('a double throws');
};

/** A fake response that records its headers; `members` replace its own members. */
function responseWith(members: object = {}) {
  const headers = new Map<string, unknown>();
  const res = {
    headersSent: false,
    writableEnded: false,
    statusCode: 200,
    getHeader: (name: string) => headers.get(name.toLowerCase()),
    setHeader: (name: string, value: unknown) => void headers.set(name.toLowerCase(), value),
    removeHeader: (name: string) => void headers.delete(name.toLowerCase()),
    end: vi.fn(),
  };
  return { res: Object.defineProperties(res, Object.getOwnPropertyDescriptors(members)), headers };
}

type Double = ReturnType<typeof responseWith>['res'];

interface Plan {
  readonly res?: unknown;
  readonly req?: object;
  readonly next?: NextFunction;
  readonly token?: string;
  readonly onError?: LogtoAuthOptions['onError'];
}

/** Sends a request that the guard refuses, and returns the arguments of the calls of `next`. */
async function refuse({ res = {}, req = {}, next = () => {}, token, onError }: Plan): Promise<unknown[]> {
  const passed: unknown[] = [];
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const request = Object.isFrozen(req) ? req : Object.assign(req, { headers, rawHeaders: [] });
  const guard = instance(onError === undefined ? {} : { onError }).requireScopes('read:products');
  guard(request as Request, res as Response, (...args: unknown[]) => {
    passed.push(args[0]);
    (next as (...all: unknown[]) => void)(...args);
  });
  const ended = () => passed.length > 0 || vi.mocked((res as Double).end ?? vi.fn()).mock.calls.length > 0;
  if (token !== undefined) await eventually(() => expect(ended()).toBe(true));
  await new Promise((resolve) => setTimeout(resolve, 5));
  return passed;
}

const refused = [expect.any(AuthError)];

describe('a response that cannot be sent', () => {
  it.each<[what: string, res: () => unknown]>([
    ['an empty object', () => ({})],
    ['null', () => null],
    ['a response that was sent', () => responseWith({ headersSent: true }).res],
    ['a response whose headersSent throws', () => Object.defineProperty({}, 'headersSent', { get: fail })],
    ['a response whose setHeader throws', () => responseWith({ setHeader: fail }).res],
    ['a response whose end throws', () => responseWith({ end: fail }).res],
    ['a response without end', () => responseWith({ end: undefined }).res],
    [
      'a response whose end and removeHeader throw',
      () => responseWith({ end: fail, removeHeader: fail }).res,
    ],
    [
      'a response whose end and writableEnded throw',
      () =>
        responseWith({
          end: fail,
          get writableEnded(): boolean {
            return fail();
          },
        }).res,
    ],
  ])('leads to next(AuthError), at once and after a wait: %s', async (_what, res) => {
    for (const token of [undefined, await forgedToken(logto)]) {
      expect(await refuse({ res: res(), ...(token !== undefined && { token }) })).toEqual(refused);
    }
  });

  it('keeps its status if it was sent before', async () => {
    const { res } = responseWith({ headersSent: true });
    await refuse({ res });
    expect(res.statusCode).toBe(200);
  });

  it('keeps the status and challenge of the refusal for an error handler if it was not sent', async () => {
    const { res, headers } = responseWith({ end: fail });
    await refuse({ res });
    expect(res.statusCode).toBe(401);
    expect([...headers.keys()].sort()).toEqual(['cache-control', 'www-authenticate']);
  });
});

it('a response whose end sends and then throws counts as sent', async () => {
  const { res } = responseWith({
    end() {
      Object.assign(this, { writableEnded: true });
      fail();
    },
  });
  expect(await refuse({ res })).toEqual([]);
});

describe('an exception from next', () => {
  afterEach(() => void vi.resetModules());

  it.each<[what: string, next: () => never, kind: string]>([
    ['an Error', fail, 'an Error'],
    [
      'undefined',
      () => {
        throw undefined;
      },
      'a value of type undefined',
    ],
  ])('is caught and reported once: %s', async (_what, next, kind) => {
    vi.resetModules();
    const { passOn } = await import('../../src/middleware/pass-on.js');
    const warnings: string[] = [];
    const listen = ({ message }: Error) => void warnings.push(message);
    process.on('warning', listen);
    const seen = vi.fn(next);
    passOn(new Error('refused'), seen);
    passOn(new Error('refused'), seen);
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.off('warning', listen);
    expect(seen).toHaveBeenCalledTimes(2);
    expect(warnings).toEqual([
      `express-logto-m2m called next(error), which threw ${kind}. Further cases are not reported.`,
    ]);
  });
});

describe('onError', () => {
  it('is not called if req.next cannot be replaced, since it could continue the request with it', async () => {
    const onError = vi.fn();
    const req = Object.freeze({ headers: {}, rawHeaders: [], next: () => {} });
    expect(await refuse({ ...responseWith(), req, onError })).toEqual(refused);
    expect(onError).not.toHaveBeenCalled();
    const throwing = new Proxy({ headers: {}, rawHeaders: [], next: () => {} }, { set: fail });
    const passed: unknown[] = [];
    instance({ onError }).authenticate()(throwing as never, responseWith().res as never, (error) =>
      passed.push(error),
    );
    expect(passed).toEqual(refused);
    expect(onError).not.toHaveBeenCalled();
  });

  it('leaves the previous status and headers on the response if it throws', async () => {
    const { res, headers } = responseWith({ statusCode: 202 });
    headers.set('cache-control', 'private');
    expect(await refuse({ res, onError: fail })).toEqual([new Error('a double throws')]);
    expect(res.statusCode).toBe(202);
    expect([...headers]).toEqual([['cache-control', 'private']]);
  });

  it.each<[what: string, onError: NonNullable<LogtoAuthOptions['onError']>]>([
    [
      'throws after it passed an error',
      (_error, _req, _res, next) => {
        next(new Error('of the app'));
        fail();
      },
    ],
    [
      'throws a value that is not an error',
      () => {
        throw undefined;
      },
    ],
  ])('leaves the status and challenge of the refusal on the response if it %s', async (_what, onError) => {
    const { res, headers } = responseWith();
    expect(await refuse({ res, onError })).toEqual([expect.any(Error)]);
    expect(res.statusCode).toBe(401);
    expect(headers.has('www-authenticate')).toBe(true);
  });

  it.each<[what: string, members: object]>([
    ['has sent its headers meanwhile', {}],
    ['has a getHeader that throws', { getHeader: fail }],
  ])('leaves the response unchanged if it throws and the response %s', async (what, members) => {
    const { res, headers } = responseWith(members);
    const onError = () => {
      if (what.startsWith('has sent')) res.headersSent = true;
      fail();
    };
    expect(await refuse({ res, onError })).toEqual([expect.any(Error)]);
    expect(res.statusCode).toBe(401);
    expect(headers.has('www-authenticate')).toBe(true);
  });

  it('ends the request if it throws and the response can no longer be changed', async () => {
    const { res } = responseWith();
    const onError = () => {
      Object.defineProperty(res, 'removeHeader', { value: fail });
      fail();
    };
    expect(await refuse({ res, onError })).toEqual([expect.any(Error)]);
  });

  it('passes the AuthError to next even after it has made req.next throw', async () => {
    const req = { next: () => {} };
    const onError: LogtoAuthOptions['onError'] = (error, request, _res, next) => {
      Object.defineProperty(request, 'next', { get: fail, set: fail });
      next(error);
    };
    expect(await refuse({ ...responseWith(), req, onError })).toEqual(refused);
  });
});
