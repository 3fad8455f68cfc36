import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { AuthError, type LogtoAuthOptions } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { ownLogto, readingToken } from '../support/logto.js';
import { get } from '../support/request.js';
import { elapse, resultOf, travel } from '../support/result.js';
import { ownIssuer } from '../support/test-issuer.js';
import { appWith, instance, logto, odd, thenables } from './probe.js';

afterEach(() => void vi.useRealTimers());

describe('isRevoked', () => {
  it.each([
    ['false', false, 200],
    ['a promise of false', Promise.resolve(false), 200],
    ['true', true, 401],
    ['a promise of true', Promise.resolve(true), 401],
  ])('decides about the token by returning %s', async (_what, returned, status) => {
    const { app, ran } = appWith({ isRevoked: () => returned });
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

  it.each(odd)('causes a 500 with a TypeError if it returns or resolves to %s', async (_what, value) => {
    for (const returned of [value, Promise.resolve(value)]) {
      const { app, ran, failure } = appWith({ isRevoked: () => returned as boolean });
      expect((await get(app, '/', await readingToken(logto))).status).toBe(500);
      expect(ran()).toBe(false);
      expect(failure()).toBeInstanceOf(TypeError);
    }
  });

  it.each([
    [null, 'null'],
    [undefined, 'undefined'],
    ['no', 'string'],
  ])('causes an error that names the type of its return value %j', async (returned, kind) => {
    const { app, failure } = appWith({ isRevoked: () => returned as unknown as boolean });
    await get(app, '/', await readingToken(logto));
    expect((failure() as Error).message).toBe(`isRevoked must return true or false, not ${kind}.`);
  });

  it.each(thenables)('may return a thenable that %s', async (_what, make, status) => {
    const { app, ran, failures } = appWith({ isRevoked: make });
    const token = await readingToken(logto);
    // First an uncached token, then a cached one.
    for (const time of [1, 2]) {
      expect({ time, status: (await get(app, '/', token)).status }).toEqual({ time, status });
    }
    expect(ran()).toBe(status === 200);
    expect(failures).toHaveLength(status === 500 ? 2 : 0);
    for (const failure of failures) expect(failure).toBeInstanceOf(Error);
  });

  it('causes a 503 after the timeout if it never settles, and does not delay other requests', async () => {
    const { app, ran, failures } = appWith({
      jwksCache: { timeout: 0.6 },
      isRevoked: ({ clientId }) => (clientId === 'silent' ? new Promise(() => {}) : clientId === 'revoked'),
    });
    const token = (clientId: string) => readingToken(logto, { clientId });
    const silent = await token('silent');
    // An uncached token, then a cached one.
    for (const _ of [1, 2]) {
      const sent = get(app, '/', silent).then((response) => response);
      expect((await get(app, '/', await token('revoked'))).status).toBe(401);
      const { status, body, headers } = await sent;
      expect([status, body, headers['retry-after']]).toEqual([
        503,
        {
          error: 'temporarily_unavailable',
          error_description:
            'The API cannot check at the moment whether the access token has been revoked. Try again later.',
        },
        '1',
      ]);
      expect(headers).not.toHaveProperty('www-authenticate');
    }
    expect(ran()).toBe(false);
    expect((await get(app, '/', await token('welcome'))).status).toBe(200);
    expect(failures).toEqual([]);
  });

  it('is ignored if it settles after the timeout', async () => {
    const ends: (() => void)[] = [];
    const late = (
      settle: (resolve: (isRevoked: boolean) => void, reject: (reason: unknown) => void) => void,
    ) => new Promise<boolean>((resolve, reject) => ends.push(() => settle(resolve, reject)));
    const results = [
      () => late((resolve) => resolve(false)),
      () => late((resolve) => resolve(true)),
      () => late((_resolve, reject) => reject(new Error('too late'))),
    ];
    const { app, ran, failures } = appWith({
      jwksCache: { timeout: 0.5 },
      isRevoked: () => results.shift()?.() ?? true,
    });
    for (let i = 0; i < 3; i++) expect((await get(app, '/', await readingToken(logto))).status).toBe(503);
    for (const end of ends) end();
    await sleep(20);
    expect([ends.length, ran(), failures]).toEqual([3, false, []]);
  });

  it('counts towards maxPending while its promise is pending, and not if it returns at once', async () => {
    let asked = 0;
    let refuse: ((reason: unknown) => void) | undefined;
    const { app, failures } = appWith({
      maxPending: 2,
      jwksCache: { timeout: 0.5 },
      isRevoked: ({ clientId }) => {
        asked += 1;
        if (clientId !== 'silent') return false;
        return new Promise<boolean>((_resolve, reject) => {
          refuse = reject;
        });
      },
    });
    const silent = await readingToken(logto, { clientId: 'silent' });
    const settled = await readingToken(logto);
    await get(app, '/', settled);
    const waiting = [1, 2].map(() => get(app, '/', silent).then(({ status }) => status));
    await eventually(() => expect(asked).toBe(3));
    const { status, headers } = await get(app, '/', silent);
    expect([status, headers['retry-after']]).toEqual([503, '1']);
    // No request waits for this promise. Its rejection must not end the process.
    refuse?.(new Error('no'));
    expect((await get(app, '/', settled)).status).toBe(200);
    expect(await Promise.all(waiting)).toEqual([503, 503]);
    expect(failures).toEqual([]);
  });

  it('is called for each request with the token and the request, even if the token is cached', async () => {
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

  it('is not called for a token that fails verification', async () => {
    const asked = vi.fn(() => false);
    const { app } = appWith({ isRevoked: asked });
    await get(app, '/', `${(await readingToken(logto)).slice(0, -8)}AAAAAAAA`);
    await get(app, '/', await readingToken(logto, { claims: { exp: 1 } }));
    expect(asked).not.toHaveBeenCalled();
  });

  it('is called before permissions are checked: a revoked token results in 401, not 403', async () => {
    const { app } = appWith({ isRevoked: () => true });
    expect((await get(app, '/', await logto.issueToken({ claims: { scope: '' } }))).status).toBe(401);
  });
});

describe('verify with isRevoked', () => {
  /** The results for an uncached token, and for the same token once it is cached. */
  async function results(isRevoked: NonNullable<LogtoAuthOptions['isRevoked']>): Promise<unknown[]> {
    const { verify } = instance({ isRevoked });
    const token = await readingToken(logto);
    const result = () =>
      verify(token).then(
        ({ clientId }) => clientId,
        (error: unknown) => error,
      );
    return [await result(), await result()];
  }

  it('rejects with the same error that isRevoked throws or rejects with', async () => {
    const error = new RangeError('mine');
    const throwing = () => {
      throw error;
    };
    for (const isRevoked of [throwing, () => Promise.reject(error)]) {
      const found = await results(isRevoked);
      expect(found).toHaveLength(2);
      for (const one of found) expect(one).toBe(error);
    }
  });

  it.each([...odd, ["'route'", 'route']])(
    'rejects with an Error if isRevoked throws %s',
    async (_what, value) => {
      const throwing = () => {
        throw value;
      };
      for (const isRevoked of [throwing, () => Promise.reject(value)]) {
        for (const error of await results(isRevoked)) {
          expect(error).toBeInstanceOf(Error);
          expect(error).toMatchObject({ status: 500, cause: value });
        }
      }
    },
  );

  it.each(odd)('rejects with a TypeError if isRevoked returns %s', async (_what, value) => {
    for (const returned of [value, Promise.resolve(value)]) {
      for (const error of await results(() => returned as boolean)) expect(error).toBeInstanceOf(TypeError);
    }
  });

  it.each(thenables)('waits for a thenable that %s', async (_what, make, status) => {
    const ends = (await results(make)).map((result) => {
      if (result instanceof AuthError) return result.status;
      return result instanceof Error ? 500 : 200;
    });
    expect(ends).toEqual([status, status]);
  });

  it('rejects after the timeout if isRevoked never settles', async () => {
    const asked = vi.fn();
    const auth = instance({
      maxPending: 1,
      jwksCache: { timeout: 0.5 },
      isRevoked: ({ clientId }) => {
        if (clientId !== 'silent') return false;
        asked();
        return new Promise(() => {});
      },
    });
    const silent = await readingToken(logto, { clientId: 'silent' });
    const other = await readingToken(logto);
    const first = auth.verify(silent).catch((error) => error);
    await vi.waitFor(() => expect(asked).toHaveBeenCalled(), { interval: 1, timeout: 20_000 });
    expect(await resultOf(auth, other)).toBe('ok');
    expect(await resultOf(auth, silent)).toBe('overloaded');
    expect(await first).toMatchObject({
      status: 503,
      reason: 'revocation_unavailable',
      hint: 'isRevoked did not settle within 0.5 s.',
      headers: { 'Retry-After': '1' },
    });
    expect(await resultOf(auth, silent)).toBe('revocation_unavailable');
  });

  it('applies one timeout to the wait for the keys and for isRevoked', async () => {
    const issuer = await ownIssuer();
    const auth = instance({
      endpoint: issuer.endpoint,
      jwksCache: { timeout: 3 },
      isRevoked: () => new Promise<boolean>(() => {}),
    });
    const keys = issuer.hold();
    const began = performance.now();
    const result = resultOf(auth, issuer.token());
    await eventually(() => expect(keys.held).toHaveLength(1));
    await sleep(2_000);
    keys.release();
    expect(await result).toBe('revocation_unavailable');
    expect(performance.now() - began).toBeLessThan(4_000);
  });

  it('rejects a token that expires while isRevoked is pending', async () => {
    const decide: ((isRevoked: boolean) => void)[] = [];
    const auth = instance({ isRevoked: () => new Promise<boolean>((resolve) => decide.push(resolve)) });
    const result = resultOf(auth, await readingToken(logto, { expiresIn: 60 }));
    await eventually(() => expect(decide).toHaveLength(1));
    travel(120);
    decide[0]?.(false);
    expect(await result).toBe('expired');
  });

  it('rejects a token whose key is withdrawn while isRevoked is pending', async () => {
    const own = await ownLogto();
    const decide: ((isRevoked: boolean) => void)[] = [];
    const auth = instance({
      endpoint: own.endpoint,
      isRevoked: () => new Promise<boolean>((resolve) => decide.push(resolve)),
    });
    const result = resultOf(auth, await readingToken(own));
    await eventually(() => expect(decide).toHaveLength(1));
    await own.rotateKeys({ keepPrevious: false });
    elapse(2);
    // Its unknown kid triggers a new request for the keys.
    const next = resultOf(auth, await readingToken(own));
    await eventually(() => expect(decide).toHaveLength(2));
    for (const one of decide) one(false);
    expect([await result, await next]).toEqual(['unknown_key', 'ok']);
  });

  it('rejects with 503, not 401, if the keys become too old while isRevoked is pending', async () => {
    const own = await ownLogto();
    const decide: ((isRevoked: boolean) => void)[] = [];
    const auth = instance({
      endpoint: own.endpoint,
      jwksCache: { maxAge: 10, maxStale: 10 },
      isRevoked: () => new Promise<boolean>((resolve) => decide.push(resolve)),
    });
    const result = resultOf(auth, await readingToken(own));
    await eventually(() => expect(decide).toHaveLength(1));
    await own.stop();
    travel(30);
    decide[0]?.(false);
    expect(await result).toBe('keys_unavailable');
  });
});
