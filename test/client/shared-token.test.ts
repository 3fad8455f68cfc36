import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import KeyvRedis from '@keyv/redis';
import Keyv from 'keyv';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { KeyValueStore } from '../../src/client/index.js';
import { API, Recorder, TokenIssuer } from '../support/client.js';
import { travel } from '../support/fate.js';
import { Redis } from '../support/redis.js';

let logto: TokenIssuer;

beforeEach(async () => {
  logto = await TokenIssuer.start();
});
afterEach(async () => {
  vi.useRealTimers();
  await logto.stop();
});

/** A store that can be looked into. */
function openStore() {
  const entries = new Map<string, unknown>();
  const store: KeyValueStore = {
    get: async (key) => entries.get(key),
    set: async (key, value) => entries.set(key, value),
  };
  const token = () => [...entries].find(([key]) => !key.endsWith(':claim'));
  return { entries, store, token };
}

describe('a token in a shared store', () => {
  it('spares other replicas the asking, now and when it is replaced', async () => {
    const store = new Keyv();
    const [one, two] = [logto.client({ store }), logto.client({ store })];
    const first = await one.getAccessToken();
    expect(await two.getAccessToken()).toEqual(first);
    expect(logto.tokenRequests).toBe(1);
    travel(3600 - 30);
    await vi.waitFor(async () => expect((await one.getAccessToken()).token).not.toBe(first.token));
    await vi.waitFor(async () => expect((await two.getAccessToken()).token).not.toBe(first.token));
    expect(logto.tokenRequests).toBe(2);
  });

  it('is asked for by one of many that start at once', async () => {
    const { store } = openStore();
    const clients = Array.from({ length: 10 }, () => logto.client({ store }));
    const tokens = await Promise.all(clients.map((client) => client.getAccessToken()));
    expect(new Set(tokens.map(({ token }) => token)).size).toBe(1);
    expect(logto.tokenRequests).toBe(1);
  });

  it('is encrypted: who reads the store has nothing', async () => {
    const { store, entries, token } = openStore();
    const granted = await logto.client({ store }).getAccessToken();
    await vi.waitFor(() => expect(token()).toBeDefined());
    const text = JSON.stringify([...entries]);
    for (const secret of [...granted.token.split('.'), logto.app().secret, logto.app().id, API]) {
      expect(text).not.toContain(secret);
    }
  });

  it.each<[what: string, other: object, name?: string]>([
    ['another resource', { resource: 'https://inventory.api', scopes: ['read:stock'] }, 'catalog-service'],
    ['other scopes', { scopes: ['read:orders'] }],
    ['another app', {}, 'catalog-service'],
    ['an organization', { organizationId: 'tgqjike3k7pu' }, 'partner-service'],
  ])('serves nobody who asks for %s', async (_what, other, name) => {
    const { store, token } = openStore();
    const first = await logto.client({ store }).getAccessToken();
    await vi.waitFor(() => expect(token()).toBeDefined());
    expect((await logto.client({ store, ...other }, name).getAccessToken()).token).not.toBe(first.token);
    expect(logto.tokenRequests).toBe(2);
  });

  it('serves nobody with another secret, and nothing that others wrote is taken for one', async () => {
    const { store, entries, token } = openStore();
    const first = await logto.client({ store }).getAccessToken();
    await vi.waitFor(() => expect(token()).toBeDefined());
    const [name, entry] = token() as [string, string];
    logto.app().secret = 'rotated-in-the-console';
    const { token: next } = await logto.client({ store }).getAccessToken();
    expect(next).not.toBe(first.token);
    await vi.waitFor(() => expect(token()?.[1]).not.toBe(entry));
    const parts = entry.split('.');
    const altered = [...parts.slice(0, 3), `${(parts[3] as string).slice(0, -2)}AA`, parts[4]].join('.');
    for (const made of [altered, 'junk', '', 5, { token: 'mine' }, null, JSON.stringify(first)]) {
      entries.clear();
      entries.set(name, made);
      expect((await logto.client({ store }).getAccessToken()).token).not.toBe('mine');
      await vi.waitFor(() => expect(token()?.[1]).not.toBe(made));
    }
    expect(logto.tokenRequests).toBe(9);
  });

  it('that an API refuses is not taken from the store again', async () => {
    const store = new Keyv();
    const first = await logto.client({ store }).getAccessToken();
    const api = await Recorder.start((req, res) => {
      const isFirst = req.headers.authorization === `Bearer ${first.token}`;
      res.writeHead(isFirst ? 401 : 200, { 'www-authenticate': 'Bearer error="invalid_token"' }).end();
    });
    const client = logto.client({ store, baseUrl: api.url });
    expect((await client.fetch('/')).status).toBe(200);
    expect(logto.tokenRequests).toBe(2);
    await api.stop();
  });
});

describe('a store that fails costs nothing but its benefit: it', () => {
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
  ])('%s', async (_how, store) => {
    const began = performance.now();
    await expect(logto.client({ store }).getAccessToken()).resolves.toMatchObject({
      scopes: ['read:products'],
    });
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(logto.tokenRequests).toBe(1);
  });

  it('holds a claim of one who has died, for two seconds', async () => {
    const { store, entries, token } = openStore();
    await logto.client({ store }).getAccessToken();
    await vi.waitFor(() =>
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
});

const suite = Redis.isMissing ? 'on one Redis (skipped: redis-server is not installed)' : 'on one Redis';
describe.skipIf(Redis.isMissing)(suite, { timeout: 60_000 }, () => {
  afterEach(() => Redis.killAll());

  it('ten processes ask for one token as a rule, and never for more than ten', async () => {
    const redis = await Redis.start();
    const counted = await countingProxy(logto.endpoint);
    const { id, secret } = logto.app();
    const options = {
      endpoint: counted.url,
      appId: id,
      appSecret: secret,
      resource: API,
      scopes: ['read:products'],
    };
    const file = fileURLToPath(new URL('../support/client-process.mjs', import.meta.url));
    const children = Array.from({ length: 10 }, () => fork(file, [redis.url, JSON.stringify(options)]));
    try {
      await Promise.all(children.map((child) => once(child, 'message')));
      const answers = children.map((child) => once(child, 'message'));
      for (const child of children) child.send('go');
      const tokens = (await Promise.all(answers)).map(([token]) => token);
      expect(tokens.every((token) => typeof token === 'string' && token.split('.').length === 3)).toBe(true);
      expect(counted.requests()).toBeGreaterThanOrEqual(1);
      expect(counted.requests()).toBeLessThan(10);
      expect(new Set(tokens).size).toBe(counted.requests());
    } finally {
      for (const child of children) child.kill();
      await counted.stop();
    }
  });

  it('a replica that starts while Logto is down has the token of the others', async () => {
    const redis = await Redis.start();
    const store = new Keyv(new KeyvRedis(redis.url));
    const first = await logto.client({ store }).getAccessToken();
    const another = logto.client({ store });
    await vi.waitFor(async () => expect(await another.getAccessToken()).toEqual(first));
    await logto.goDown();
    expect(await logto.client({ store }).getAccessToken()).toEqual(first);
    await store.disconnect();
  });
});

/** Passes requests on to Logto, and counts them. */
async function countingProxy(endpoint: string) {
  const recorder = await Recorder.start(async (req, res) => {
    let body = '';
    for await (const chunk of req) body += chunk;
    const answer = await fetch(endpoint + req.url, {
      method: 'POST',
      body,
      headers: {
        authorization: String(req.headers.authorization),
        'content-type': String(req.headers['content-type']),
      },
    });
    res.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
  });
  return { url: recorder.url, requests: () => recorder.requests.length, stop: () => recorder.stop() };
}
