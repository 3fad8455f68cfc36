import { getEventListeners } from 'node:events';
import { createServer } from 'node:http';
import express from 'express';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Fetch } from '../../src/client/index.js';
import { createLogtoAuth } from '../../src/index.js';
import { API, grant, Recorder, scripted, TokenIssuer } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { travel } from '../support/result.js';

let logto: TokenIssuer;
let api: Recorder;

beforeEach(async () => {
  logto = await TokenIssuer.start();
  api = await Recorder.start((_req, res) => res.end('ok'));
});
afterEach(() => Promise.all([logto.stop(), api.stop()]));

/** A body that is a stream, but not a web stream. */
const madeOnTheWay = (): RequestInit =>
  ({
    method: 'POST',
    duplex: 'half',
    body: (async function* () {
      yield Buffer.from('tea');
    })(),
  }) as unknown as RequestInit;

const INVALID = { 'www-authenticate': 'Bearer realm="api", error="invalid_token"' };

describe('fetch', () => {
  it('sends the token to a protected API, which accepts it', async () => {
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

  it.each(['/a', new URL('http://127.0.0.1:1/a')])(
    'passes only strings to a user-supplied `fetch`, as its type says, for the address %s',
    async (address) => {
      const seen: unknown[][] = [];
      const fetch: Fetch = async (url, init) => {
        const { headers } = init ?? {};
        seen.push([typeof url, Object.getPrototypeOf(headers) === Object.prototype]);
        return url.endsWith('/oidc/token') ? grant() : new Response();
      };
      const { client } = scripted(() => {}, { fetch, baseUrl: 'http://127.0.0.1:1' });
      await client.fetch(address, { headers: new Headers({ 'x-own': '1' }) });
      expect(seen).toEqual([
        ['string', true],
        ['string', true],
      ]);
    },
  );

  it('uses the internal URL of a Request, not a `url` that a subclass or the object defines', async () => {
    const evil = await Recorder.start((_req, res) => void res.end());
    class Lying extends Request {}
    Object.defineProperty(Lying.prototype, 'url', { get: () => `${api.url}/told` });
    const addresses = [`${api.url}/first`, `${evil.url}/second`];
    const fickle = (address: string) =>
      Object.defineProperty(new Request(address), 'url', { get: () => addresses.reverse()[0] });
    const client = logto.client({ baseUrl: api.url });
    for (const request of [new Lying(evil.url), fickle(evil.url)]) {
      await expect(client.fetch(request)).rejects.toThrow(/another origin/);
    }
    // A user-supplied `fetch` does not see such a `url` either.
    const seen: string[] = [];
    const own = async (input: string | Request, init?: RequestInit) => {
      seen.push(typeof input === 'string' ? input : input.url);
      return fetch(input, init);
    };
    await logto.client({ baseUrl: api.url, fetch: own as Fetch }).fetch(fickle(`${api.url}/true`));
    expect(seen.at(-1)).toBe(`${api.url}/true`);
    expect(evil.requests).toEqual([]);
    expect(api.requests.map(({ url }) => url)).toEqual(['/true']);
    await evil.stop();
  });

  it('sends a Request with a body as fetch itself does', async () => {
    const moved = await Recorder.start(async (req, res) => {
      let body = '';
      for await (const chunk of req) body += chunk;
      if (req.url === '/old') res.writeHead(307, { location: '/new' }).end();
      else res.end(body);
    });
    const client = logto.client({ baseUrl: moved.url });
    const call = (init: RequestInit) =>
      new Request(`${moved.url}/old`, { method: 'POST', body: 'tea', ...init });
    for (const init of [{}, { keepalive: true }]) {
      expect(await (await client.fetch(call(init))).text()).toBe('tea');
    }
    expect(moved.requests.map(({ url, headers }) => [url, headers['content-length']])).toEqual(
      Array(2)
        .fill([
          ['/old', '3'],
          ['/new', '3'],
        ])
        .flat(),
    );
    await moved.stop();
  });

  it('does not read the body of a Request if it gets no token', async () => {
    const request = new Request(`${api.url}/b`, { method: 'POST', body: 'tea' });
    const { client } = scripted(() => Response.json({ error: 'invalid_client' }, { status: 401 }), {
      baseUrl: api.url,
    });
    await expect(client.fetch(request)).rejects.toMatchObject({ code: 'invalid_client' });
    expect(request.bodyUsed).toBe(false);
  });

  it('keeps a member of a Request if it is undefined in the options', async () => {
    const request = new Request(`${api.url}/b`, { method: 'DELETE', headers: { 'x-own': '1' } });
    const options = { method: undefined, headers: undefined, body: undefined, signal: undefined };
    await logto.client({ baseUrl: api.url }).fetch(request, options as unknown as RequestInit);
    expect(api.requests.map(({ method, headers }) => [method, headers['x-own']])).toEqual([['DELETE', '1']]);
  });

  it('accepts the Request of another library', async () => {
    const request = { url: `${api.url}/theirs`, method: 'DELETE', headers: new Headers({ 'x-own': '1' }) };
    await logto.client({ baseUrl: api.url }).fetch(request as Request);
    expect(api.requests.map(({ method, url, headers }) => [method, url, headers['x-own']])).toEqual([
      ['DELETE', '/theirs', '1'],
    ]);
  });

  it('accepts URLs and requests, with their method, body and headers', async () => {
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

  it('accepts every kind of options that the global fetch accepts', async () => {
    const seen: string[] = [];
    const server = await Recorder.start(async (req, res) => {
      let body = '';
      for await (const chunk of req) body += chunk;
      seen.push([req.method, req.headers['x-own'], body].join(' '));
      res.end();
    });
    class Options {
      get method() {
        return 'PUT';
      }
      get headers() {
        return { 'x-own': '2' };
      }
      get body() {
        return 'tea';
      }
    }
    const client = logto.client({ baseUrl: server.url });
    const request = new Request(`${server.url}/b`, { method: 'POST', body: 'x', headers: { 'x-own': '1' } });
    await client.fetch('/', request);
    await client.fetch('/', new Options());
    await client.fetch('/', Object.create({ method: 'DELETE', headers: [['x-own', '3']] }));
    await client.fetch('/', null as never);
    await client.fetch(new Request(server.url, { method: 'PATCH' }), { body: 'y' });
    expect(seen).toEqual(['POST 1 x', 'PUT 2 tea', 'DELETE 3 ', 'GET  ', 'PATCH  y']);
    await server.stop();
  });

  it('passes unknown options to a user-supplied fetch', async () => {
    let options: unknown;
    const own: typeof fetch = (url, init) => {
      if (String(url).startsWith(api.url)) options = init;
      return fetch(url, init);
    };
    await logto.client({ baseUrl: api.url, fetch: own }).fetch('/', { agent: 'mine' } as RequestInit);
    expect(options).toMatchObject({ agent: 'mine' });
  });

  it.each([
    ['another host', () => 'https://elsewhere.example/products'],
    ['another port', () => 'http://127.0.0.1:1/products'],
    ['another scheme', () => api.url.replace('http:', 'https:')],
    ['an address without a scheme', () => '//elsewhere.example/products'],
    ['a backslash', () => '\\\\elsewhere.example/products'],
    ['another host with the API as its user name', () => `${api.url}@elsewhere.example/products`],
    ['another host with a user name', () => 'https://127.0.0.1:80@elsewhere.example/'],
    ['a data URL', () => 'data:text/plain,x'],
  ])('sends nothing to %s, and requests no token', async (_what, input) => {
    const client = logto.client({ baseUrl: api.url });
    await expect(client.fetch(input())).rejects.toThrow(TypeError);
    // A Request cannot have a URL with a user name.
    if (input().includes('@')) return expect([api.requests, logto.tokenRequests]).toEqual([[], 0]);
    await expect(client.fetch(new Request(new URL(input(), api.url)))).rejects.toThrow(/another origin/);
    expect([api.requests, logto.tokenRequests]).toEqual([[], 0]);
  });

  it('requires baseUrl', async () => {
    await expect(logto.client().fetch(`${api.url}/products`)).rejects.toThrow(
      /pass `baseUrl`, the address of https:\/\/shopping\.api/,
    );
    expect(logto.tokenRequests).toBe(0);
  });

  it.each([301, 302, 303, 307, 308])(
    'sends the token along on a redirect (%d) to the same origin, and to no other',
    async (status) => {
      const other = await Recorder.start((_req, res) => res.end('elsewhere'));
      const home = await Recorder.start((req, res) => {
        if (req.url === '/a') res.writeHead(status, { location: '/b' }).end();
        else if (req.url === '/b') res.writeHead(status, { location: `${other.url}/c` }).end();
        else res.end();
      });
      const response = await logto.client({ baseUrl: home.url }).fetch('/a');
      expect(await response.text()).toBe('elsewhere');
      expect(home.credentials).toEqual([
        expect.stringMatching(/^Bearer /),
        expect.stringMatching(/^Bearer /),
      ]);
      expect(other.credentials).toEqual([undefined]);
      await Promise.all([other.stop(), home.stop()]);
    },
  );
});

describe('a call with an AbortSignal', () => {
  const silent = () => Recorder.start(() => {});

  it('stops waiting for the token when it is aborted, while other calls still get the token', async () => {
    let respond = () => {};
    const slow = await Recorder.start((_req, res) => {
      respond = () => {
        res.setHeader('content-type', 'application/json');
        res.end(JSON.stringify({ access_token: 'a.b.c', token_type: 'Bearer', expires_in: 60 }));
      };
    });
    const client = logto.client({ endpoint: slow.url, baseUrl: api.url });
    const reason = new Error('the user has left');
    const controller = new AbortController();
    const given = [
      client.fetch('/', { signal: controller.signal }),
      client.fetch(new Request(api.url, { signal: controller.signal })),
    ];
    const other = client.fetch('/');
    await eventually(() => expect(slow.requests).toHaveLength(1));
    controller.abort(reason);
    for (const one of given) await expect(one).rejects.toBe(reason);
    respond();
    expect((await other).status).toBe(200);
    expect([slow.requests.length, api.requests.length]).toEqual([1, 1]);
    await slow.stop();
  });

  it('requests no token if it is already aborted', async () => {
    const client = logto.client({ baseUrl: api.url });
    const signal = AbortSignal.abort();
    await expect(client.fetch('/', { signal })).rejects.toBe(signal.reason);
    await expect(client.fetch(new Request(api.url, { signal }))).rejects.toBe(signal.reason);
    expect([logto.tokenRequests, api.requests.length]).toEqual([0, 0]);
    // Null means no signal, whatever the request has.
    expect((await client.fetch(new Request(api.url, { signal }), { signal: null })).status).toBe(200);
  });

  it('stops waiting for a second token when it is aborted after a refusal', async () => {
    const hanging = await silent();
    const closed = await Recorder.start((_req, res) => void res.writeHead(401, INVALID).end());
    let isFirst = true;
    const own: typeof fetch = (url, init) => {
      if (String(url).startsWith(closed.url)) return fetch(url, init);
      if (!isFirst) return fetch(hanging.url, { ...init });
      isFirst = false;
      return fetch(url, init);
    };
    const client = logto.client({ baseUrl: closed.url, fetch: own });
    const controller = new AbortController();
    const asked = client.fetch('/', { signal: controller.signal });
    await eventually(() => expect(hanging.requests).toHaveLength(1));
    controller.abort();
    await expect(asked).rejects.toThrow(/aborted/);
    await Promise.all([hanging.stop(), closed.stop()]);
  });

  it('leaves no listener on a signal that a hundred calls share', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error) => void warnings.push(warning);
    process.on('warning', note);
    const { signal } = new AbortController();
    // The global fetch adds its own listeners.
    const own: typeof fetch = async (url, init) =>
      String(url).startsWith(api.url) ? new Response() : fetch(url, init);
    const client = logto.client({ baseUrl: api.url, fetch: own });
    await Promise.all(Array.from({ length: 100 }, () => client.fetch('/', { signal })));
    await new Promise((resolve) => setTimeout(resolve, 10));
    process.off('warning', note);
    expect(warnings).toEqual([]);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('if the API refuses the token,', () => {
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
    ['no body', () => undefined],
    ['a text', () => ({ method: 'POST', body: 'tea' })],
    ['bytes', () => ({ method: 'POST', body: Buffer.from('tea') })],
    ['a form', () => ({ method: 'POST', body: new URLSearchParams({ tea: '1' }) })],
    ['a blob', () => ({ method: 'POST', body: new Blob(['tea']) })],
    ['a Request without a body', () => new Request('http://elsewhere.example', { method: 'DELETE' })],
  ])('the client requests another one and repeats the call once, with %s', async (_what, init) => {
    const server = await refusing();
    const response = await logto.client({ baseUrl: server.url }).fetch('/', init());
    expect([response.status, logto.tokenRequests]).toEqual([200, 2]);
    expect(server.bodies[0]).toBe(server.bodies[1]);
    expect(server.bodies).toHaveLength(2);
    await server.stop();
  });

  it.each<[string, (url: string) => [string | Request, RequestInit?]]>([
    [
      'a stream',
      () => ['/', { method: 'POST', body: new Blob(['tea']).stream(), duplex: 'half' } as RequestInit],
    ],
    ['a Request with a body', (url) => [new Request(url, { method: 'POST', body: 'tea' })]],
    [
      'a Request with a body that the options replace',
      (url) => [new Request(url, { method: 'POST', body: 'tea' }), { body: 'coffee' }],
    ],
    ['a Request as options', (url) => ['/', new Request(url, { method: 'POST', body: 'tea' })]],
    ['an async iterable', () => ['/', madeOnTheWay()]],
    ['a Request with an async iterable', (url) => [new Request(url, { method: 'POST' }), madeOnTheWay()]],
  ])('%s is not sent again, but the next call has the new token', async (_what, call) => {
    const server = await refusing();
    const client = logto.client({ baseUrl: server.url });
    expect((await client.fetch(...call(server.url))).status).toBe(401);
    expect((await client.fetch('/')).status).toBe(200);
    expect([server.requests.length, logto.tokenRequests]).toEqual([2, 2]);
    await server.stop();
  });

  it('a form with files is sent again completely', async () => {
    const server = await refusing();
    const body = new FormData();
    body.set('tea', new Blob(['green']), 'tea.txt');
    expect((await logto.client({ baseUrl: server.url }).fetch('/', { method: 'POST', body })).status).toBe(
      200,
    );
    expect(server.bodies.map((text) => /green/.test(text))).toEqual([true, true]);
    await server.stop();
  });

  it.each([
    'Bearer error = "invalid_token"',
    'Bearer Error="invalid_token"',
    'Bearer error=invalid_token',
    'Bearer realm="api",error="invalid_token",error_description="x"',
    'Basic realm="x", Bearer error="invalid_token"',
  ])('the challenge %s counts as a refusal', async (challenge) => {
    const server = await Recorder.start(
      (_req, res) => void res.writeHead(401, { 'www-authenticate': challenge }).end(),
    );
    await logto.client({ baseUrl: server.url }).fetch('/');
    expect([server.requests.length, logto.tokenRequests]).toEqual([2, 2]);
    await server.stop();
  });

  it.each(['Bearer error="invalid_token_x"', 'Bearer my-error="invalid_token"', 'Bearer error="invalid"'])(
    'the challenge %s does not count as a refusal',
    async (challenge) => {
      const server = await Recorder.start(
        (_req, res) => void res.writeHead(401, { 'www-authenticate': challenge }).end(),
      );
      await logto.client({ baseUrl: server.url }).fetch('/');
      expect([server.requests.length, logto.tokenRequests]).toEqual([1, 1]);
      await server.stop();
    },
  );

  it('the client does not repeat a call that was redirected to another origin', async () => {
    const other = await Recorder.start((_req, res) => void res.writeHead(401, INVALID).end());
    const home = await Recorder.start(
      (_req, res) => void res.writeHead(307, { location: `${other.url}/` }).end(),
    );
    const response = await logto.client({ baseUrl: home.url }).fetch('/', { method: 'POST', body: 'tea' });
    expect([response.status, home.requests.length, logto.tokenRequests]).toEqual([401, 1, 1]);
    await Promise.all([other.stop(), home.stop()]);
  });

  it('the client requests no other one before the Retry-After of Logto has passed', async () => {
    let asked = 0;
    const own: typeof fetch = async (url) => {
      if (String(url).startsWith(api.url)) return new Response(null, { status: 401, headers: INVALID });
      asked += 1;
      return asked === 1 ? grant() : new Response(null, { status: 429, headers: { 'retry-after': '40' } });
    };
    const client = logto.client({ baseUrl: api.url, fetch: own });
    await client.getAccessToken();
    travel(3600 - 50);
    await client.getAccessToken();
    await eventually(() => expect(asked).toBe(2));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect((await client.fetch('/')).status).toBe(401);
    vi.useRealTimers();
    expect(asked).toBe(2);
  });

  it('the client requests another one even if the response has no URL', async () => {
    const own: typeof fetch = async (url, init) =>
      String(url).startsWith(api.url)
        ? new Response(null, { status: 401, headers: INVALID })
        : fetch(url, init);
    let asked = 0;
    const client = logto.client({
      baseUrl: api.url,
      fetch: (url, init) => {
        if (String(url).startsWith(logto.endpoint)) asked += 1;
        return own(url, init);
      },
    });
    expect((await client.fetch('/')).status).toBe(401);
    expect(asked).toBe(2);
  });

  it('concurrent calls share the new one', async () => {
    const server = await refusing();
    const client = logto.client({ baseUrl: server.url });
    const responses = await Promise.all(Array.from({ length: 20 }, () => client.fetch('/')));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
    expect(logto.tokenRequests).toBe(2);
    await server.stop();
  });

  it('the client requests another one at most once in 30 s, not for each call', async () => {
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
  ])('the client requests no other one after %s', async (_what, status, headers) => {
    const server = await Recorder.start((_req, res) => void res.writeHead(status, headers as never).end());
    expect((await logto.client({ baseUrl: server.url }).fetch('/')).status).toBe(status);
    expect([server.requests.length, logto.tokenRequests]).toEqual([1, 1]);
    await server.stop();
  });

  it('the client delays the response to a body that cannot be sent again only briefly', async () => {
    let tokenRequests = 0;
    const { client } = scripted(
      (_request, { headers }) => {
        if (new Headers(headers).get('authorization')?.startsWith('Bearer'))
          return new Response('', { status: 401, headers: INVALID });
        tokenRequests += 1;
        return tokenRequests === 1 ? grant() : new Promise(() => {});
      },
      { baseUrl: 'https://shop.example' },
    );
    const began = performance.now();
    expect((await client.fetch('/', { method: 'POST', ...madeOnTheWay() })).status).toBe(401);
    expect(performance.now() - began).toBeLessThan(3_000);
    expect(tokenRequests).toBe(2);
  });

  it('the caller gets the response of the API if Logto issues no other token', async () => {
    const server = await refusing();
    const client = logto.client({ baseUrl: server.url, timeout: 2 });
    await client.getAccessToken();
    await logto.goDown();
    expect((await client.fetch('/')).status).toBe(401);
    await server.stop();
  });
});
