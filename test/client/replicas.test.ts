import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { KeyValueStore } from '../../src/client/index.js';
import { failureOf, grant, scripted, TokenIssuer } from '../support/client.js';
import { openStore } from '../support/client-store.js';
import { eventually } from '../support/eventually.js';

let logto: TokenIssuer;

beforeEach(async () => {
  logto = await TokenIssuer.start();
});
afterEach(async () => {
  vi.useRealTimers();
  await logto.stop();
});

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('if many replicas need a token at once,', () => {
  it.each([
    ['a slow store', 60, 300],
    ['a Logto that is slower than the lifetime of a claim', 5, 2_500],
  ])('one of them requests it, with %s', async (_what, latency, delay) => {
    const { store } = openStore(latency);
    const requests: number[] = [];
    const clients = Array.from({ length: 10 }, () =>
      scripted(
        async () => {
          const number = requests.push(performance.now());
          await sleep(delay);
          return grant({ access_token: `token-${number}` });
        },
        { store },
      ),
    );
    const tokens = await Promise.all(
      clients.map(async ({ client }) => {
        await sleep(Math.random() * 3 * latency);
        return client.getAccessToken();
      }),
    );
    expect(new Set(tokens.map(({ token }) => token)).size).toBe(requests.length);
    // Usually one.
    expect(requests.length).toBeLessThanOrEqual(2);
  });

  it('they request it one after the other while Logto refuses', async () => {
    const { store } = openStore();
    let asking = 0;
    let most = 0;
    const clients = Array.from({ length: 4 }, () =>
      scripted(
        async () => {
          asking += 1;
          most = Math.max(most, asking);
          await sleep(50);
          asking -= 1;
          return Response.json({ error: 'invalid_client' }, { status: 401 });
        },
        { store },
      ),
    );
    const began = performance.now();
    const failures = await Promise.all(clients.map(({ client }) => failureOf(client.getAccessToken())));
    expect(failures).toEqual(clients.map(() => expect.objectContaining({ code: 'invalid_client' })));
    expect(most).toBe(1);
    // No client has waited for a claim to expire.
    expect(performance.now() - began).toBeLessThan(1_900);
  });

  it('one of them requests it at once even if its own earlier claim was never ended', async () => {
    const { store } = openStore();
    const deaf: KeyValueStore = {
      get: store.get,
      // The entries that end a claim are lost.
      set: async (key, value) => void (value !== 'ended' && (await store.set(key, value, 0))),
    };
    const { client } = scripted(
      (request) => (request === 1 ? Response.json({ error: 'invalid_client' }, { status: 401 }) : grant()),
      { store: deaf },
    );
    await failureOf(client.getAccessToken());
    await sleep(1_050);
    const began = performance.now();
    await client.getAccessToken();
    expect(performance.now() - began).toBeLessThan(500);
  });
});

it('a client with a token no longer renews its claim, even if the store is still busy', async () => {
  const { store, entries } = openStore();
  let claims = 0;
  let isFirst = true;
  const slow: KeyValueStore = {
    get: store.get,
    set: async (key, value) => {
      if (key.endsWith(':claim')) claims += 1;
      else if (isFirst) {
        isFirst = false;
        await sleep(400);
      }
      entries.set(key, value);
    },
  };
  const refused = new Response(null, {
    status: 401,
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  });
  const { client } = scripted(
    (_request, { headers }) => {
      const credentials = new Headers(headers).get('authorization');
      if (credentials?.startsWith('Basic')) return grant({ access_token: `a.b.${claims}` });
      return credentials === 'Bearer a.b.1' ? refused : new Response('ok');
    },
    { store: slow, baseUrl: 'https://shop.example' },
  );
  expect((await client.fetch('/')).status).toBe(200);
  await sleep(600);
  const before = claims;
  await sleep(1_200);
  expect(claims).toBe(before);
});

describe('a client whose store', () => {
  const never = () => new Promise<never>(() => {});
  it.each<[string, KeyValueStore]>([
    [
      'throws',
      {
        get: () => {
          throw new Error('no');
        },
        set: () => {
          throw new Error('no');
        },
      },
    ],
    ['rejects', { get: () => Promise.reject(new Error('no')), set: () => Promise.reject(new Error('no')) }],
    ['hangs', { get: never, set: never }],
    ['forgets', { get: async () => undefined, set: async () => undefined }],
  ])('%s still gets a token', async (_how, store) => {
    const { client, requests } = scripted(() => grant({ scope: 'read:products' }), { store });
    const began = performance.now();
    await expect(client.getAccessToken()).resolves.toMatchObject({ scopes: ['read:products'] });
    expect(performance.now() - began).toBeLessThan(900);
    expect(requests()).toBe(1);
  });

  it('holds the claim of a replica that has died still gets a token', async () => {
    const { store, entries, token } = openStore();
    await logto.client({ store }).getAccessToken();
    await eventually(() =>
      expect([token() !== undefined, [...entries.values()]]).toEqual([
        true,
        expect.arrayContaining(['ended']),
      ]),
    );
    const [name = ''] = [...entries.keys()].filter((key) => key.endsWith(':claim'));
    entries.clear();
    entries.set(name, { by: 'one that has died', until: Date.now() + 2_000 });
    await expect(logto.client({ store }).getAccessToken()).resolves.toBeDefined();
    expect(logto.tokenRequests).toBe(2);
  });

  it('that is slow to store a token does not end the claim of the next request', async () => {
    const { store, entries } = openStore();
    let write = () => {};
    const writing = new Promise<void>((resolve) => {
      write = resolve;
    });
    const slow: KeyValueStore = {
      get: store.get,
      set: async (key, value, lifetime) => {
        if (!key.endsWith(':claim')) await writing;
        await store.set(key, value, lifetime);
      },
    };
    let respond = (_response: Response) => {};
    const response = new Promise<Response>((resolve) => {
      respond = resolve;
    });
    const invalid = { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } };
    const responses = [grant(), new Response(null, invalid), response, new Response('tea')];
    const { client, requests } = scripted((request) => responses[request - 1], {
      store: slow,
      baseUrl: 'https://shop.example',
    });
    const claim = () => [...entries].find(([key]) => key.endsWith(':claim'))?.[1];
    const called = client.fetch('/products');
    await eventually(() => expect(requests()).toBe(3));
    const first = claim();
    write();
    // The claim is renewed, so it was not ended when the first token was stored.
    await eventually(() => expect(claim()).not.toEqual(first));
    expect(claim()).toEqual({ by: expect.any(String), until: expect.any(Number) });
    respond(grant({ access_token: 'd.e.f' }));
    expect(await (await called).text()).toBe('tea');
    await eventually(() => expect(claim()).toBe('ended'));
  });

  it.each<[what: string, claim: () => unknown]>([
    ['for an hour', () => ({ by: 'x', until: Date.now() + 3_600_000 })],
    ['that has expired', () => ({ by: 'x', until: Date.now() - 1 })],
    ['without an owner', () => ({ until: Date.now() + 1_000 })],
    ['without an end', () => ({ by: 'x' })],
    ['that is a string', () => 'mine'],
    ['with an end that is not a number', () => ({ by: 'x', until: { toString: 1, valueOf: 1 } })],
  ])('holds a claim %s does not wait', async (_what, claim) => {
    let isClaimed = true;
    const { store } = openStore();
    const claiming: KeyValueStore = {
      get: async (key) => (isClaimed && key.endsWith(':claim') ? claim() : store.get(key)),
      set: async (key, value) => {
        isClaimed = false;
        await store.set(key, value, 0);
      },
    };
    const began = performance.now();
    await scripted(() => grant(), { store: claiming }).client.getAccessToken();
    expect(performance.now() - began).toBeLessThan(500);
  });

  it('always holds the claim of another replica waits for half of the timeout', async () => {
    const claimed: KeyValueStore = {
      get: async (key) => (key.endsWith(':claim') ? { by: 'x', until: Date.now() + 1_500 } : undefined),
      set: async () => {},
    };
    const began = performance.now();
    await scripted(() => grant(), { store: claimed, timeout: 1 }).client.getAccessToken();
    expect(performance.now() - began).toBeGreaterThan(450);
    expect(performance.now() - began).toBeLessThan(900);
  });

  it('is slow rejects the call within the timeout if Logto does not respond', async () => {
    const { store } = openStore();
    const slow: KeyValueStore = {
      get: async (key) => {
        await sleep(450);
        return key.endsWith(':claim') ? { by: 'x', until: Date.now() + 1_500 } : store.get(key);
      },
      set: store.set,
    };
    const began = performance.now();
    const { client } = scripted(() => new Promise(() => {}), { store: slow, timeout: 1 });
    expect(await failureOf(client.getAccessToken())).toMatchObject({ code: 'timeout' });
    expect(performance.now() - began).toBeLessThan(1_400);
  });
});
