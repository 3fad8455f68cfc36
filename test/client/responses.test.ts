import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { M2MClientOptions } from '../../src/client/index.js';
import { failureOf, grant, Recorder, scripted } from '../support/client.js';

const secret = 'the-secret-of-the-app';
const JSON_TYPE = { 'content-type': 'application/json' };
const HTML = { 'content-type': 'text/html' };

/** Options of a client for a server of the test. */
const at = ({ url }: Recorder, timeout = 5): Partial<M2MClientOptions> => ({ endpoint: url, timeout, fetch });
const failAt = (server: Recorder, timeout?: number) =>
  failureOf(scripted(() => {}, at(server, timeout)).client.getAccessToken());

describe("a response with status 200 that is not Logto's", () => {
  it.each<[what: string, respond: () => Response]>([
    ['an HTML page', () => new Response('<html>', { headers: HTML })],
    ['an empty body', () => new Response(null)],
    ['a JSON array', () => Response.json([])],
    ['no token', () => grant({ access_token: undefined })],
    ['an empty token', () => grant({ access_token: '' })],
    ['a token of another type', () => grant({ token_type: 'DPoP' })],
    ['a token of an unknown type', () => grant({ token_type: 'mac' })],
    ['a token without a type', () => grant({ token_type: undefined })],
    ['a token without an expiry', () => grant({ expires_in: undefined })],
    ['a token that has expired', () => grant({ expires_in: 0 })],
    ['a token that expired long ago', () => grant({ expires_in: -60 })],
    ['a token with a line break', () => grant({ access_token: 'eyJ.a\nb.c' })],
    ['a token with a space', () => grant({ access_token: 'eyJ.a b.c' })],
    ['a token that is not ASCII', () => grant({ access_token: 'eyJ.ä.c' })],
    ['scopes that are a list', () => grant({ scope: ['read:products'] })],
  ])('is refused without a retry: %s', async (_what, respond) => {
    const { client, requests } = scripted(respond, { timeout: 1 });
    const error = await failureOf(client.getAccessToken());
    expect(error).toMatchObject({ code: 'invalid_response', status: 200, name: 'M2MClientError' });
    expect(inspect(error)).not.toContain('eyJ');
    expect(requests()).toBe(1);
  });

  it('is requested again if it is incomplete', async () => {
    const server = await Recorder.start((_req, res) => {
      const isFirst = server.requests.length === 1;
      const isSecond = server.requests.length === 2;
      const text = JSON.stringify({ access_token: 'a.b.c', token_type: 'Bearer', expires_in: 60 });
      // First with a wrong content-length, then on a connection that closes early.
      if (isFirst) {
        res.writeHead(200, { ...JSON_TYPE, 'content-length': text.length });
        res.write(text.slice(0, 20), () => res.destroy());
      } else if (isSecond) {
        res.writeHead(200, { ...JSON_TYPE, connection: 'close' }).end(text.slice(0, 20));
      } else res.writeHead(200, JSON_TYPE).end(text);
    });
    const { client } = scripted(() => {}, at(server));
    expect((await client.getAccessToken()).token).toBe('a.b.c');
    expect(server.requests).toHaveLength(3);
    await server.stop();
  });

  it('is reported as incomplete if every attempt ends early', async () => {
    const server = await Recorder.start((_req, res) => {
      res.writeHead(200, { ...JSON_TYPE, connection: 'close' }).end('{"access_token":');
    });
    expect(await failAt(server, 0.1)).toMatchObject({
      code: 'invalid_response',
      message: `Logto issued no token: the response of ${server.url} (200) is incomplete.`,
    });
    await server.stop();
  });

  it('is read only up to a limit if it does not end', async () => {
    let isClosed = false;
    let written = 0;
    const chunk = Buffer.alloc(64 * 1024, 'a');
    const server = await Recorder.start((_req, res) => {
      res.on('close', () => {
        isClosed = true;
      });
      res.writeHead(200, JSON_TYPE).write('{"access_token":"');
      const goOn = () => {
        while (!isClosed && res.write(chunk)) written += chunk.length;
        if (!isClosed) res.once('drain', goOn);
      };
      goOn();
    });
    const error = await failAt(server);
    expect(error).toMatchObject({ code: 'invalid_response', status: 200 });
    await expect.poll(() => isClosed).toBe(true);
    // This includes the data in the socket buffers.
    expect(written).toBeLessThan(16 * 1024 * 1024);
    expect(server.requests).toHaveLength(1);
    await server.stop();
  });
});

describe('a response that stalls', () => {
  it.each<[string, number, Record<string, string>]>([
    ['with a token', 200, {}],
    ['with an error', 400, {}],
    ['with a challenge', 401, { 'www-authenticate': 'Basic realm="logto"' }],
  ])('%s is reported as a timeout', async (_what, status, headers) => {
    const server = await Recorder.start((_req, res) => {
      res.writeHead(status, { ...JSON_TYPE, ...headers }).write('{"access_token":');
    });
    const began = performance.now();
    expect(await failAt(server, 0.4)).toMatchObject({ code: 'timeout' });
    expect(performance.now() - began).toBeLessThan(2_000);
    await server.stop();
  });
});

it.each<[what: string, status: number, headers: Record<string, string>, text: string]>([
  [
    'a proxy that requires a password',
    401,
    { 'www-authenticate': 'Basic realm="staging"', ...HTML },
    '<html>',
  ],
  ['a page with status 404', 404, { 'www-authenticate': 'Basic realm="x"', ...HTML }, 'no'],
  ['JSON of another service', 401, { 'www-authenticate': 'Bearer', ...JSON_TYPE }, '{"message":"no"}'],
  ['an error code that is not a string', 400, JSON_TYPE, '{"error":{"code":1}}'],
  ['a redirect', 302, { location: 'https://elsewhere.example' }, ''],
  ['no content', 204, {}, ''],
])(
  '%s is reported as an invalid response, not as a wrong app or secret',
  async (_what, status, headers, text) => {
    const server = await Recorder.start((_req, res) => void res.writeHead(status, headers).end(text));
    const error = await failAt(server);
    expect(error).toMatchObject({ code: 'invalid_response', status });
    expect(error?.hint).toMatch(/without a proxy that responds instead/);
    expect(server.requests).toHaveLength(1);
    await server.stop();
  },
);

describe('a user-supplied fetch', () => {
  const throwing = new Proxy(
    {},
    {
      get() {
        throw new Error('no');
      },
    },
  );
  it.each<[what: string, thrown: unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a string', 'no'],
    ['an object that throws when it is read', throwing],
    ['an error with a long code', Object.assign(new Error('no'), { code: `${secret} ${secret}` })],
  ])('may throw %s', async (_what, thrown) => {
    const { client } = scripted(() => Promise.reject(thrown), { timeout: 0.05 });
    expect(await failureOf(client.getAccessToken())).toMatchObject({
      code: 'network',
      message: 'Logto issued no token: https://tenant.logto.app cannot be reached (Error).',
    });
  });

  it('may throw an error with a secret in its message: only its code is shown', async () => {
    const cause = Object.assign(new Error('connect to http://user:password@proxy'), { code: 'ECONNREFUSED' });
    const { client } = scripted(() => Promise.reject(new TypeError(`no ${secret}`, { cause })), {
      timeout: 0.05,
    });
    const error = await failureOf(client.getAccessToken());
    expect(error?.message).toMatch(/cannot be reached \(ECONNREFUSED\)\.$/);
    expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(/password|the-secret/);
  });

  it.each<[what: string, value: unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['an object that is not a response', {}],
  ])('may return %s', async (_what, value) => {
    const { client } = scripted(() => value, { timeout: 0.05 });
    expect(await failureOf(client.getAccessToken())).toMatchObject({ name: 'M2MClientError' });
  });

  it('may ignore its signal, without an effect on the timeout', async () => {
    const { client } = scripted(() => new Promise(() => {}), { timeout: 0.2 });
    const began = performance.now();
    expect(await failureOf(client.getAccessToken())).toMatchObject({ code: 'timeout' });
    expect(performance.now() - began).toBeLessThan(1_500);
  });

  it('may return bodies that are Node streams, like node-fetch', async () => {
    const respondWith = (status: number, text: string) => ({
      status,
      headers: new Headers(JSON_TYPE),
      body: Readable.from([Buffer.from(text)]),
    });
    const { client, requests } = scripted((request) =>
      request === 1
        ? respondWith(503, 'no')
        : respondWith(200, '{"access_token":"a","token_type":"bearer","expires_in":9}'),
    );
    expect((await client.getAccessToken()).token).toBe('a');
    expect(requests()).toBe(2);
  });
});
