import { createServer } from 'node:http';
import express from 'express';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogtoAuth } from '../../src/index.js';
import { API, Recorder, TokenIssuer } from '../support/client.js';

let logto: TokenIssuer;
let api: Recorder;

beforeEach(async () => {
  logto = await TokenIssuer.start();
  api = await Recorder.start((_req, res) => res.end('ok'));
});
afterEach(() => Promise.all([logto.stop(), api.stop()]));

const INVALID = { 'www-authenticate': 'Bearer realm="api", error="invalid_token"' };

describe('fetch', () => {
  it('sends the token to a protected API, which lets it in', async () => {
    const app = express();
    const { requireScopes } = createLogtoAuth({ endpoint: logto.endpoint, audience: API });
    app.get('/products', requireScopes('read:products'), (_req, res) => void res.json(['tea']));
    const server = await Recorder.start(createServer(app).listeners('request')[0] as never);
    const client = logto.client({ baseUrl: server.url });
    expect(await (await client.fetch('/products')).json()).toEqual(['tea']);
    await server.stop();
  });

  it.each([
    ['products', '/v1/products'],
    ['products?page=2', '/v1/products?page=2'],
    ['/products', '/products'],
    ['', '/v1/'],
  ])('resolves %j against baseUrl, as a browser would', async (input, path) => {
    await logto.client({ baseUrl: `${api.url}/v1` }).fetch(input);
    expect(api.requests.map(({ url }) => url)).toEqual([path]);
  });

  it('takes addresses and requests, with their method, body and headers', async () => {
    const client = logto.client({ baseUrl: api.url });
    const { token } = await client.getAccessToken();
    await client.fetch(new URL('/a', api.url), { method: 'POST', body: 'x', headers: { 'x-own': '1' } });
    await client.fetch(new Request(`${api.url}/b`, { method: 'PUT', headers: { 'x-own': '2' } }));
    await client.fetch('/c', { headers: { authorization: 'Basic mine' } });
    expect(api.requests.map(({ method, url, headers }) => [method, url, headers['x-own']])).toEqual([
      ['POST', '/a', '1'],
      ['PUT', '/b', '2'],
      ['GET', '/c', undefined],
    ]);
    expect(new Set(api.credentials)).toEqual(new Set([`Bearer ${token}`]));
  });

  it.each([
    ['another host', () => 'https://elsewhere.example/products'],
    ['another port', () => 'http://127.0.0.1:1/products'],
    ['another scheme', () => api.url.replace('http:', 'https:')],
    ['an address without a scheme', () => '//elsewhere.example/products'],
    ['a backslash', () => '\\\\elsewhere.example/products'],
    ['data', () => 'data:text/plain,x'],
  ])('sends nothing to %s, and asks for no token', async (_what, input) => {
    const client = logto.client({ baseUrl: api.url });
    await expect(client.fetch(input())).rejects.toThrow(TypeError);
    await expect(client.fetch(new Request(new URL(input(), api.url)))).rejects.toThrow(/another origin/);
    expect([api.requests, logto.tokenRequests]).toEqual([[], 0]);
  });

  it('needs baseUrl', async () => {
    await expect(logto.client().fetch(`${api.url}/products`)).rejects.toThrow(
      /pass `baseUrl`, the address of https:\/\/shopping\.api/,
    );
    expect(logto.tokenRequests).toBe(0);
  });

  it.each([301, 302, 303, 307, 308])(
    'a redirect (%d) takes the token along to the same origin, and to no other',
    async (status) => {
      const other = await Recorder.start((_req, res) => res.end('elsewhere'));
      const home = await Recorder.start((req, res) => {
        if (req.url === '/a') res.writeHead(status, { location: '/b' }).end();
        else if (req.url === '/b') res.writeHead(status, { location: `${other.url}/c` }).end();
        else res.end();
      });
      const answer = await logto.client({ baseUrl: home.url }).fetch('/a');
      expect(await answer.text()).toBe('elsewhere');
      expect(home.credentials).toEqual([
        expect.stringMatching(/^Bearer /),
        expect.stringMatching(/^Bearer /),
      ]);
      expect(other.credentials).toEqual([undefined]);
      await Promise.all([other.stop(), home.stop()]);
    },
  );
});

describe('where the API refuses the token', () => {
  /** An API that refuses the first token it sees. */
  async function refusing(): Promise<Recorder & { bodies: string[] }> {
    let first: string | undefined;
    const bodies: string[] = [];
    const server = await Recorder.start(async (req, res) => {
      first ??= req.headers.authorization;
      let body = '';
      for await (const chunk of req) body += chunk;
      bodies.push(body);
      if (req.headers.authorization === first) res.writeHead(401, INVALID).end();
      else res.end('ok');
    });
    return Object.assign(server, { bodies });
  }

  it.each<[string, () => RequestInit | undefined]>([
    ['nothing', () => undefined],
    ['a text', () => ({ method: 'POST', body: 'tea' })],
    ['bytes', () => ({ method: 'POST', body: Buffer.from('tea') })],
    ['a form', () => ({ method: 'POST', body: new URLSearchParams({ tea: '1' }) })],
    ['a blob', () => ({ method: 'POST', body: new Blob(['tea']) })],
  ])('another is asked for, and %s sent again, once', async (_what, init) => {
    const server = await refusing();
    const answer = await logto.client({ baseUrl: server.url }).fetch('/', init());
    expect([answer.status, logto.tokenRequests]).toEqual([200, 2]);
    expect(server.bodies[0]).toBe(server.bodies[1]);
    expect(server.bodies).toHaveLength(2);
    await server.stop();
  });

  it.each<[string, (url: string) => [string | Request, RequestInit?]]>([
    [
      'a stream',
      () => ['/', { method: 'POST', body: new Blob(['tea']).stream(), duplex: 'half' } as RequestInit],
    ],
    ['a request with a body', (url) => [new Request(url, { method: 'POST', body: 'tea' })]],
  ])('%s is not sent again, but the next call has the new token', async (_what, call) => {
    const server = await refusing();
    const client = logto.client({ baseUrl: server.url });
    expect((await client.fetch(...call(server.url))).status).toBe(401);
    expect((await client.fetch('/')).status).toBe(200);
    expect([server.requests.length, logto.tokenRequests]).toEqual([2, 2]);
    await server.stop();
  });

  it('calls that come at once share the new one', async () => {
    const server = await refusing();
    const client = logto.client({ baseUrl: server.url });
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.fetch('/')));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(logto.tokenRequests).toBe(2);
    await server.stop();
  });

  it('always, that costs one more token request in 30 s, and not one a call', async () => {
    const closed = await Recorder.start((_req, res) => void res.writeHead(401, INVALID).end());
    const client = logto.client({ baseUrl: closed.url });
    for (let i = 0; i < 10; i += 1) expect((await client.fetch('/')).status).toBe(401);
    expect(logto.tokenRequests).toBe(2);
    const now = performance.now();
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now + 31_000);
    await client.fetch('/');
    await client.fetch('/');
    clock.mockRestore();
    expect(logto.tokenRequests).toBe(3);
    await closed.stop();
  });

  it.each([
    ['401 without a challenge', 401, {}],
    ['401 for another reason', 401, { 'www-authenticate': 'Bearer realm="api"' }],
    ['403', 403, { 'www-authenticate': 'Bearer error="insufficient_scope"' }],
    ['503', 503, { 'retry-after': '1' }],
  ])('%s asks for no other token', async (_what, status, headers) => {
    const server = await Recorder.start((_req, res) => void res.writeHead(status, headers as never).end());
    expect((await logto.client({ baseUrl: server.url }).fetch('/')).status).toBe(status);
    expect([server.requests.length, logto.tokenRequests]).toEqual([1, 1]);
    await server.stop();
  });

  it('and Logto gives no other, the caller gets what the API said', async () => {
    const server = await refusing();
    const client = logto.client({ baseUrl: server.url, timeout: 0.2 });
    await client.getAccessToken();
    await logto.goDown();
    expect((await client.fetch('/')).status).toBe(401);
    await server.stop();
  });
});
