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

describe('an answer with status 200 that is none of Logto', () => {
  it.each<[what: string, answer: () => Response]>([
    ['a page', () => new Response('<html>', { headers: HTML })],
    ['nothing at all', () => new Response(null)],
    ['a list', () => Response.json([])],
    ['no token', () => grant({ access_token: undefined })],
    ['an empty token', () => grant({ access_token: '' })],
    ['a token of another type', () => grant({ token_type: 'DPoP' })],
    ['a token of an unknown type', () => grant({ token_type: 'mac' })],
    ['a token of no type', () => grant({ token_type: undefined })],
    ['a token that expires nobody knows when', () => grant({ expires_in: undefined })],
    ['a token that has expired', () => grant({ expires_in: 0 })],
    ['a token that expired long ago', () => grant({ expires_in: -60 })],
    ['a token with a line break', () => grant({ access_token: 'eyJ.a\nb.c' })],
    ['a token with a space', () => grant({ access_token: 'eyJ.a b.c' })],
    ['a token that is no ASCII', () => grant({ access_token: 'eyJ.ä.c' })],
    ['scopes that are a list', () => grant({ scope: ['read:products'] })],
  ])('is refused, and not asked for again: %s', async (_what, answer) => {
    const { client, requests } = scripted(answer, { timeout: 1 });
    const error = await failureOf(client.getAccessToken());
    expect(error).toMatchObject({ code: 'invalid_response', status: 200, name: 'M2MClientError' });
    expect(inspect(error)).not.toContain('eyJ');
    expect(requests()).toBe(1);
  });

  it('but has broken off is asked for again', async () => {
    const server = await Recorder.start((_req, res) => {
      const isFirst = server.requests.length === 1;
      const isSecond = server.requests.length === 2;
      const text = JSON.stringify({ access_token: 'a.b.c', token_type: 'Bearer', expires_in: 60 });
      // Once with a length that is not kept, once on a connection that just closes.
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

  it('and does not end is not read to its end', async () => {
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
    // What the sockets hold, besides what was read.
    expect(written).toBeLessThan(16 * 1024 * 1024);
    expect(server.requests).toHaveLength(1);
    await server.stop();
  });
});

describe('an answer that stalls', () => {
  it.each<[string, number, Record<string, string>]>([
    ['with a token', 200, {}],
    ['with an error', 400, {}],
    ['behind a challenge', 401, { 'www-authenticate': 'Basic realm="logto"' }],
  ])('%s is a timeout', async (_what, status, headers) => {
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
  ['a proxy that wants a password', 401, { 'www-authenticate': 'Basic realm="staging"', ...HTML }, '<html>'],
  ['a page that is not there', 404, { 'www-authenticate': 'Basic realm="x"', ...HTML }, 'no'],
  ['JSON of something else', 401, { 'www-authenticate': 'Bearer', ...JSON_TYPE }, '{"message":"no"}'],
  ['an error that is no word', 400, JSON_TYPE, '{"error":{"code":1}}'],
  ['a redirect', 302, { location: 'https://elsewhere.example' }, ''],
  ['no content', 204, {}, ''],
])('%s is no word of Logto on app or secret', async (_what, status, headers, text) => {
  const server = await Recorder.start((_req, res) => void res.writeHead(status, headers).end(text));
  const error = await failAt(server);
  expect(error).toMatchObject({ code: 'invalid_response', status });
  expect(error?.hint).toMatch(/no proxy in between that answers itself/);
  expect(server.requests).toHaveLength(1);
  await server.stop();
});

describe('a fetch of the user', () => {
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
    ['what cannot be looked at', throwing],
    ['an error with a long code', Object.assign(new Error('no'), { code: `${secret} ${secret}` })],
  ])('may throw %s', async (_what, thrown) => {
    const { client } = scripted(() => Promise.reject(thrown), { timeout: 0.05 });
    expect(await failureOf(client.getAccessToken())).toMatchObject({
      code: 'network',
      message: 'Logto gave no token: https://tenant.logto.app cannot be reached (Error).',
    });
  });

  it('may say why in a message that is nobody’s business: its code alone is told', async () => {
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
    ['no answer', {}],
  ])('may give %s', async (_what, value) => {
    const { client } = scripted(() => value, { timeout: 0.05 });
    expect(await failureOf(client.getAccessToken())).toMatchObject({ name: 'M2MClientError' });
  });

  it('may ignore its signal: nobody waits longer for that', async () => {
    const { client } = scripted(() => new Promise(() => {}), { timeout: 0.2 });
    const began = performance.now();
    expect(await failureOf(client.getAccessToken())).toMatchObject({ code: 'timeout' });
    expect(performance.now() - began).toBeLessThan(1_500);
  });

  it('may give bodies that are streams of Node, as node-fetch does', async () => {
    const answer = (status: number, text: string) => ({
      status,
      headers: new Headers(JSON_TYPE),
      body: Readable.from([Buffer.from(text)]),
    });
    const { client, requests } = scripted((request) =>
      request === 1
        ? answer(503, 'no')
        : answer(200, '{"access_token":"a","token_type":"bearer","expires_in":9}'),
    );
    expect((await client.getAccessToken()).token).toBe('a');
    expect(requests()).toBe(2);
  });
});
