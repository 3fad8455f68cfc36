import { hash, hkdfSync } from 'node:crypto';
import { CompactEncrypt } from 'jose';
import Keyv from 'keyv';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { KeyValueStore } from '../../src/client/index.js';
import { API, grant, Recorder, scripted, TokenIssuer } from '../support/client.js';
import { openStore } from '../support/client-store.js';
import { eventually } from '../support/eventually.js';
import { travel } from '../support/result.js';

let logto: TokenIssuer;

beforeEach(async () => {
  logto = await TokenIssuer.start();
});
afterEach(async () => {
  vi.useRealTimers();
  await logto.stop();
});

describe('a token in a shared store', () => {
  it('saves other replicas a request, at the start and when it is replaced', async () => {
    const store = new Keyv();
    const [one, two] = [logto.client({ store }), logto.client({ store })];
    const first = await one.getAccessToken();
    expect(await two.getAccessToken()).toEqual(first);
    expect(logto.tokenRequests).toBe(1);
    travel(3600 - 30);
    await eventually(async () => expect((await one.getAccessToken()).token).not.toBe(first.token));
    await eventually(async () => expect((await two.getAccessToken()).token).not.toBe(first.token));
    expect(logto.tokenRequests).toBe(2);
  });

  it('is requested by only one of many clients that start at once', async () => {
    const { store } = openStore();
    const clients = Array.from({ length: 10 }, () => logto.client({ store }));
    const tokens = await Promise.all(clients.map((client) => client.getAccessToken()));
    expect(new Set(tokens.map(({ token }) => token)).size).toBe(1);
    expect(logto.tokenRequests).toBe(1);
  });

  it('is encrypted, so that the store contains nothing readable', async () => {
    const { store, entries, token } = openStore();
    const granted = await logto.client({ store }).getAccessToken();
    await eventually(() => expect(token()).toBeDefined());
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
  ])('is not used by a client for %s', async (_what, other, name) => {
    const { store, token } = openStore();
    const first = await logto.client({ store }).getAccessToken();
    await eventually(() => expect(token()).toBeDefined());
    expect((await logto.client({ store, ...other }, name).getAccessToken()).token).not.toBe(first.token);
    expect(logto.tokenRequests).toBe(2);
  });

  it('is not used with another app secret, and forged entries are ignored', async () => {
    const { store, entries, token } = openStore();
    const first = await logto.client({ store }).getAccessToken();
    await eventually(() => expect(token()).toBeDefined());
    const [name, old] = token() as [string, string];
    logto.app().secret = 'rotated-in-the-console';
    const { token: next } = await logto.client({ store }).getAccessToken();
    expect(next).not.toBe(first.token);
    await eventually(() => expect(token()?.[1]).not.toBe(old));
    const parts = (token() as [string, string])[1].split('.');
    const ciphertext = Buffer.from(parts[3] as string, 'base64url');
    ciphertext[0] = (ciphertext[0] as number) ^ 1;
    const altered = [...parts.slice(0, 3), ciphertext.toString('base64url'), parts[4]].join('.');
    for (const made of [altered, 'junk', '', 5, { token: 'mine' }, null, JSON.stringify(first)]) {
      entries.clear();
      entries.set(name, made);
      expect((await logto.client({ store }).getAccessToken()).token).not.toBe('mine');
      await eventually(() => expect(token()?.[1]).not.toBe(made));
    }
    expect(logto.tokenRequests).toBe(9);
  });

  it.each<[what: string, kept: object]>([
    ['a token that no header accepts', { token: 'a\nb' }],
    ['no token', { token: undefined }],
    ['an expiry that is not a number', { expiresAt: String(Date.now() / 1000 + 3600) }],
    ['no issue time', { issuedAt: null }],
    ['scopes that are not a list', { scopes: 'read:products' }],
    ['scopes that are not strings', { scopes: [1] }],
    ['nothing', {}],
  ])('with %s is ignored, even if it is encrypted with the right key', async (what, kept) => {
    const { store, entries, token } = openStore();
    const now = Math.floor(Date.now() / 1000);
    const good = { token: 'kept', issuedAt: now, expiresAt: now + 3600, scopes: [] };
    const { client } = scripted(() => grant(), { store });
    await client.getAccessToken();
    await eventually(() => expect(token()).toBeDefined());
    const [name] = token() as [string, string];
    const plain = what === 'nothing' ? null : { ...good, ...kept };
    for (const [entry, expected] of [
      [good, 'kept'],
      [plain, 'a.b.c'],
    ] as const) {
      entries.clear();
      entries.set(name, await encryptedAs(entry));
      expect((await scripted(() => grant(), { store }).client.getAccessToken()).token).toBe(expected);
    }
  });

  it('may have any number of scopes', async () => {
    const { store } = openStore();
    const scopes = Array.from({ length: 200 }, (_, number) => `read:products:${number}`);
    const first = scripted(() => grant(), { store, scopes });
    const second = scripted(() => grant(), { store, scopes });
    await first.client.getAccessToken();
    await eventually(async () => expect(await second.client.getAccessToken()).toBeDefined());
    expect(first.requests() + second.requests()).toBe(1);
  });

  it('that was moved to the key of another one is ignored', async () => {
    const { store, entries, token } = openStore();
    const { client } = scripted(() => grant({ access_token: 'of-a' }), { store, scopes: ['a'] });
    await client.getAccessToken();
    await eventually(() => expect(token()).toBeDefined());
    const [, entry] = token() as [string, string];
    entries.clear();
    const moved: KeyValueStore = {
      get: async (key) => (key.endsWith(':claim') ? undefined : entry),
      set: store.set,
    };
    const of = async (scopes: string[]) =>
      (
        await scripted(() => grant({ access_token: 'asked' }), {
          store: moved,
          scopes,
        }).client.getAccessToken()
      ).token;
    expect([await of(['a']), await of(['b'])]).toEqual(['of-a', 'asked']);
  });

  it('that an API refuses is not read from the store again', async () => {
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

/** Encrypts this content like a client of `scripted`. */
function encryptedAs(content: unknown): Promise<string> {
  const purpose = JSON.stringify(['https://tenant.logto.app', 'app', API, null, []]);
  const name = `express-logto-m2m:token:${hash('sha256', purpose, 'hex')}`;
  const salt = 'express-logto-m2m shared token';
  const key = new Uint8Array(hkdfSync('sha256', 'the-secret-of-the-app', salt, name, 32));
  return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(content)))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .encrypt(key);
}
