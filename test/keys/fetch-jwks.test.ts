import { describe, expect, it, vi } from 'vitest';
import { fetchJwks } from '../../src/keys/fetch-jwks.js';
import { eventually } from '../support/eventually.js';
import { createSigningKey } from '../support/signing.js';

const URI = 'https://tenant.logto.example/oidc/jwks';
const JWKS = { keys: [createSigningKey('ES384', { kid: 'key' }).publicJwk] };

const fetched = (fetch: unknown, { uri = URI, signal = new AbortController().signal } = {}) =>
  fetchJwks(uri, fetch as typeof globalThis.fetch, signal);

/** The error, with its one-line message for the operator and its cause. */
async function failure(fetch: unknown, options?: Parameters<typeof fetched>[1]): Promise<Error> {
  const error = await fetched(fetch, options).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(Error);
  return error;
}

describe('the request for the keys', () => {
  it('requests JSON from the given address, follows no redirect and can be aborted', async () => {
    const fetch = vi.fn(async () => Response.json(JWKS));
    const { signal } = new AbortController();
    expect([...(await fetched(fetch, { signal })).keys.keys()]).toEqual(['key']);
    expect(fetch.mock.calls).toEqual([
      [URI, { signal, redirect: 'manual', headers: { accept: 'application/json' } }],
    ]);
  });

  it('accepts a body of at most 256 KiB, and stops reading beyond that', async () => {
    const text = JSON.stringify(JWKS);
    let read = 0;
    async function* body(size: number) {
      yield Buffer.from(text);
      yield Buffer.alloc(size - text.length, ' ');
      read += 1;
    }
    const respond = (size: number) => async () => ({ status: 200, body: body(size) });
    expect((await fetched(respond(256 * 1024))).keys.size).toBe(1);
    expect(read).toBe(1);
    const { message } = await failure(respond(256 * 1024 + 1));
    expect(message).toBe(`${URI}: its body is larger than 256 KiB`);
    expect(read).toBe(1);
  });

  it('accepts a body whose chunks split a character', async () => {
    const text = Buffer.from(JSON.stringify({ ...JWKS, ä: 'ö' }));
    const cut = text.indexOf('ö') + 1;
    async function* body() {
      yield text.subarray(0, cut);
      yield text.subarray(cut);
    }
    expect((await fetched(async () => ({ status: 200, body: body() }))).keys.size).toBe(1);
  });

  it('stops reading once it is aborted', async () => {
    const controller = new AbortController();
    let read = 0;
    let ended = false;
    async function* body() {
      try {
        for (; ; read += 1) {
          if (read === 3) controller.abort(new Error('enough'));
          yield ' ';
        }
      } finally {
        ended = true;
      }
    }
    const { signal } = controller;
    const error = await failure(async () => ({ status: 200, body: body() }), { signal });
    expect(error.message).toBe(`${URI}: enough`);
    await eventually(() => expect(ended).toBe(true));
    expect(read).toBe(3);
  });

  it.each([
    ['before the fetch', AbortSignal.abort(new Error('enough'))],
    ['during the fetch', AbortSignal.timeout(20)],
  ])('ends when it is aborted %s, even if the fetch ignores the signal', async (_when, signal) => {
    const error = await failure(() => new Promise(() => {}), { signal });
    expect(error.message).toMatch(/: (enough|no complete response arrived in time)$/);
  });

  it('cancels the body of an unusable response, and ignores a failure to do so', async () => {
    const cancel = vi.fn(() => Promise.reject(new Error('cannot')));
    for (const body of [{ cancel }, {}, null, undefined]) {
      const { message } = await failure(async () => ({ status: 404, body }));
      expect(message).toBe(`${URI}: it responded with status 404`);
    }
    expect(cancel).toHaveBeenCalledOnce();
  });
});

describe('the error of a failed request', () => {
  const caused = (cause: unknown) => () => Promise.reject(new TypeError('fetch failed', { cause }));
  const coded = (message: string, code: string) => Object.assign(new Error(message), { code });

  it.each<[what: string, fetch: () => unknown, why: string]>([
    ['a redirect', async () => ({ redirected: true, status: 200 }), 'the response came from a redirect'],
    ['another status', async () => new Response('', { status: 503 }), 'it responded with status 503'],
    ['a missing body', async () => ({ status: 200 }), 'its body is not JSON'],
    ['HTML', async () => new Response('<html>'), 'its body is not JSON'],
    ['JSON that is not a key set', async () => Response.json([]), 'it is not a JWK Set'],
    ['an error', () => Promise.reject(new Error('no')), 'no'],
    [
      'a timeout',
      () => Promise.reject(new DOMException('The operation was aborted', 'TimeoutError')),
      'no complete response arrived in time',
    ],
    ['a cause with a code', caused(coded('no route', 'EHOSTUNREACH')), 'EHOSTUNREACH no route'],
    [
      'a cause whose message contains its code',
      caused(coded('connect ECONNREFUSED 127.0.0.1:1', 'ECONNREFUSED')),
      'connect ECONNREFUSED 127.0.0.1:1',
    ],
    ['a cause without a message', caused(coded('', 'ECONNREFUSED')), 'ECONNREFUSED'],
    ['a cause with a name', caused(new RangeError('too far')), 'RangeError too far'],
    ['a cause that is not an Error', caused('x'), 'fetch failed'],
    [
      'a cause that cannot be read',
      caused(
        Object.defineProperty(new Error('x'), 'message', {
          get() {
            throw new Error('y');
          },
        }),
      ),
      'the fetch failed',
    ],
  ])('explains %s in one line', async (_what, fetch, why) => {
    expect((await failure(fetch)).message).toBe(`${URI}: ${why}`);
  });

  it('keeps the original error as its cause', async () => {
    const error = new Error('no');
    expect((await failure(() => Promise.reject(error))).cause).toBe(error);
  });

  it('hides the query of the address everywhere', async () => {
    const uri = `${URI}?apikey=hunter2`;
    const error = await failure(() => Promise.reject(new Error(`${uri} is down, ${uri}!`)), { uri });
    expect(error.message).toBe(`${URI}: ${URI} is down, ${URI}!`);
    expect(error).not.toHaveProperty('cause');
  });
});
