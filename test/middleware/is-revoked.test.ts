import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { AuthError, type LogtoAuthOptions } from '../../src/index.js';
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

  it('that never answers is waited for no longer than the timeout, and holds up nobody else', async () => {
    const { app, ran, failures } = appWith({
      jwksCache: { timeout: 0.2 },
      isRevoked: ({ clientId }) => (clientId === 'silent' ? new Promise(() => {}) : clientId === 'revoked'),
    });
    const token = (clientId: string) => readingToken(logto, { clientId });
    const silent = await token('silent');
    // A new token, then a known one.
    for (const _ of [1, 2]) {
      const sent = get(app, '/', silent).then((response) => response);
      expect((await get(app, '/', await token('revoked'))).status).toBe(401);
      const { status, body, headers } = await sent;
      expect([status, body, headers['retry-after']]).toEqual([
        503,
        {
          error: 'temporarily_unavailable',
          error_description:
            'It cannot be told at the moment whether the access token has been revoked. Try again later.',
        },
        '1',
      ]);
      expect(headers).not.toHaveProperty('www-authenticate');
    }
    expect(ran()).toBe(false);
    expect((await get(app, '/', await token('welcome'))).status).toBe(200);
    expect(failures).toEqual([]);
  });

  it('that answers too late, whatever it says, changes nothing and breaks nothing', async () => {
    const ends: (() => void)[] = [];
    const late = (settle: (resolve: (answer: boolean) => void, reject: (reason: unknown) => void) => void) =>
      new Promise<boolean>((resolve, reject) => ends.push(() => settle(resolve, reject)));
    const answers = [
      () => late((resolve) => resolve(false)),
      () => late((resolve) => resolve(true)),
      () => late((_resolve, reject) => reject(new Error('too late'))),
    ];
    const { app, ran, failures } = appWith({
      jwksCache: { timeout: 0.05 },
      isRevoked: () => answers.shift()?.() ?? true,
    });
    for (let i = 0; i < 3; i++) expect((await get(app, '/', await readingToken(logto))).status).toBe(503);
    for (const end of ends) end();
    await sleep(20);
    expect([ran(), failures]).toEqual([false, []]);
  });

  it('that many wait for takes the places of the waiting room, and one that answers at once takes none', async () => {
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
    const answered = await readingToken(logto);
    await get(app, '/', answered);
    const waiting = [1, 2].map(() => get(app, '/', silent).then(({ status }) => status));
    await vi.waitFor(() => expect(asked).toBe(3));
    const { status, headers } = await get(app, '/', silent);
    expect([status, headers['retry-after']]).toEqual([503, '1']);
    // Nobody waits for what this one was promised: that it rejects must end no process.
    refuse?.(new Error('no'));
    expect((await get(app, '/', answered)).status).toBe(200);
    expect(await Promise.all(waiting)).toEqual([503, 503]);
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

describe('isRevoked in verify', () => {
  /** First a new token, then a known one. */
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

  it('rejects with the very error that it throws or rejects with', async () => {
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
    'rejects with an Error where it throws %s',
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

  it.each(odd)('rejects with a TypeError where it answers %s', async (_what, value) => {
    for (const answer of [value, Promise.resolve(value)]) {
      for (const error of await results(() => answer as boolean)) expect(error).toBeInstanceOf(TypeError);
    }
  });

  it.each(thenables)('waits for a thenable which %s', async (_what, make, status) => {
    const ends = (await results(make)).map((result) => {
      if (result instanceof AuthError) return result.status;
      return result instanceof Error ? 500 : 200;
    });
    expect(ends).toEqual([status, status]);
  });

  it('that never answers is waited for no longer than the timeout', async () => {
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
    await vi.waitFor(() => expect(asked).toHaveBeenCalled(), { interval: 1 });
    expect(await resultOf(auth, other)).toBe('ok');
    expect(await resultOf(auth, silent)).toBe('overloaded');
    expect(await first).toMatchObject({
      status: 503,
      reason: 'revocation_unavailable',
      hint: 'isRevoked did not answer within 0.5 s.',
      headers: { 'Retry-After': '1' },
    });
    expect(await resultOf(auth, silent)).toBe('revocation_unavailable');
  });

  it('is waited for no longer than the timeout together with the keys', async () => {
    const issuer = await ownIssuer();
    const auth = instance({
      endpoint: issuer.endpoint,
      jwksCache: { timeout: 1 },
      isRevoked: () => new Promise<boolean>(() => {}),
    });
    const keys = issuer.hold();
    const began = performance.now();
    const result = resultOf(auth, issuer.token());
    await vi.waitFor(() => expect(keys.held).toHaveLength(1));
    await sleep(700);
    keys.release();
    expect(await result).toBe('revocation_unavailable');
    expect(performance.now() - began).toBeLessThan(1_500);
  });

  it('a token that expires while isRevoked makes up its mind is refused', async () => {
    const answers: ((answer: boolean) => void)[] = [];
    const auth = instance({ isRevoked: () => new Promise<boolean>((resolve) => answers.push(resolve)) });
    const result = resultOf(auth, await readingToken(logto, { expiresIn: 60 }));
    await vi.waitFor(() => expect(answers).toHaveLength(1));
    travel(120);
    answers[0]?.(false);
    expect(await result).toBe('expired');
  });

  it('a token whose key is withdrawn meanwhile is refused', async () => {
    const own = await ownLogto();
    const answers: ((answer: boolean) => void)[] = [];
    const auth = instance({
      endpoint: own.endpoint,
      isRevoked: () => new Promise<boolean>((resolve) => answers.push(resolve)),
    });
    const result = resultOf(auth, await readingToken(own));
    await vi.waitFor(() => expect(answers).toHaveLength(1));
    await own.rotateKeys({ keepPrevious: false });
    elapse(2);
    // Its unknown kid has the keys asked for anew.
    const next = resultOf(auth, await readingToken(own));
    await vi.waitFor(() => expect(answers).toHaveLength(2));
    for (const answer of answers) answer(false);
    expect([await result, await next]).toEqual(['unknown_key', 'ok']);
  });

  it('a token whose keys have become too old meanwhile cannot be told of: that is no fault of its sender', async () => {
    const own = await ownLogto();
    const answers: ((answer: boolean) => void)[] = [];
    const auth = instance({
      endpoint: own.endpoint,
      jwksCache: { maxAge: 10, maxStale: 10 },
      isRevoked: () => new Promise<boolean>((resolve) => answers.push(resolve)),
    });
    const result = resultOf(auth, await readingToken(own));
    await vi.waitFor(() => expect(answers).toHaveLength(1));
    await own.stop();
    travel(30);
    answers[0]?.(false);
    expect(await result).toBe('keys_unavailable');
  });
});
