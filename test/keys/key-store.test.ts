import Keyv from 'keyv';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createLogtoAuth,
  type JwksCacheOptions,
  type KeyValueStore,
  type LogtoAuth,
} from '../../src/index.js';
import type { TestLogto } from '../../src/testing/index.js';
import { eventually } from '../support/eventually.js';
import { AUDIENCE, foreignToken, keyIdOf, keySetOf, ownLogto, readingToken } from '../support/logto.js';
import { elapse, resultOf } from '../support/result.js';
import { createSigningKey } from '../support/signing.js';
import { ownIssuer } from '../support/test-issuer.js';

interface Entry {
  issuer: string;
  jwksUri: string;
  fetchedAt: number;
  jwks: { keys: Record<string, unknown>[] };
}

/** A store whose entries the tests can read and change. */
class MapStore implements KeyValueStore {
  readonly entries = new Map<string, unknown>();
  readonly lives: number[] = [];
  reads = 0;

  async get(key: string): Promise<unknown> {
    this.reads += 1;
    return structuredClone(this.entries.get(key));
  }

  async set(key: string, value: unknown, ttlMilliseconds: number): Promise<void> {
    this.entries.set(key, structuredClone(value));
    this.lives.push(ttlMilliseconds);
  }

  get only(): Entry {
    expect(this.entries.size).toBe(1);
    return [...this.entries.values()][0] as Entry;
  }

  /** Replaces each entry. */
  alter(change: (entry: Entry) => unknown): void {
    for (const [key, entry] of this.entries) this.entries.set(key, change(entry as Entry));
  }
}

let logto: TestLogto;
let store: MapStore;

beforeEach(async () => {
  logto = await ownLogto();
  store = new MapStore();
});
afterEach(() => void vi.useRealTimers());

/** The test Logto, or an issuer with behaviour that Logto does not have. */
type Trusted = Pick<TestLogto, 'endpoint'>;

/** A replica: a new instance, which has no keys yet. */
const replica = (jwksCache: JwksCacheOptions = {}, trusted: Trusted = logto): LogtoAuth =>
  createLogtoAuth({
    endpoint: trusted.endpoint,
    audience: AUDIENCE,
    jwksCache: { store, timeout: 1, ...jwksCache },
  });

/** A token that stays valid however far the tests advance the clock. */
const token = () => readingToken(logto, { expiresIn: 1_000_000 });

/** Has one replica fetch the keys and put them in the store. */
async function filled(trusted: Trusted = logto): Promise<void> {
  await replica({}, trusted).ready();
  await eventually(() => expect(store.entries.size).toBe(1));
}

describe('a shared store', () => {
  it('receives each fetched key set with its issuer, address and time', async () => {
    await filled();
    expect(store.only).toEqual({
      issuer: logto.issuer,
      jwksUri: `${logto.issuer}/jwks`,
      fetchedAt: expect.closeTo(Date.now(), -4),
      jwks: await keySetOf(logto),
    });
    expect(store.lives).toEqual([(600 + 86_400) * 1000]);
    expect(JSON.parse(JSON.stringify(store.only))).toEqual(store.only);
    for (const name of store.entries.keys()) expect(name).toMatch(/^express-logto-m2m:keys:[0-9a-f]{64}$/);
  });

  it('receives no query of the key address, but has a separate entry for each query', async () => {
    const fetchPlain = (uri: unknown, init?: RequestInit) => fetch(String(uri).replace(/\?.*/, ''), init);
    for (const key of ['one', 'two']) {
      const jwksUri = `${logto.issuer}/jwks?key=${key}`;
      const issuers = [{ issuer: logto.issuer, jwksUri }];
      await createLogtoAuth({ issuers, audience: AUDIENCE, jwksCache: { store }, fetch: fetchPlain }).ready();
    }
    await eventually(() => expect(store.entries.size).toBe(2));
    const entry = expect.objectContaining({ jwksUri: `${logto.issuer}/jwks` });
    expect([...store.entries.values()]).toEqual([entry, entry]);
  });

  it('lets a new process verify tokens while Logto is down', async () => {
    await filled();
    await logto.stop();
    const auth = replica();
    expect(await resultOf(auth, await token())).toBe('ok');
    expect(auth.health().ready).toBe(true);
    const forged = await foreignToken(logto, { header: { kid: await keyIdOf(logto) } });
    expect(await resultOf(auth, forged)).toBe('signature');
  });

  it('can be a Keyv, with EC and RSA keys', async () => {
    const signedBefore = await token();
    await logto.rotateKeys({ alg: 'RS256' });
    const keyv = new Keyv();
    await replica({ store: keyv }).ready();
    await logto.stop();
    const auth = replica({ store: keyv });
    expect(await resultOf(auth, await token())).toBe('ok');
    expect(await resultOf(auth, signedBefore)).toBe('ok');
  });

  it('provides an entry younger than maxAge at once, and the keys are requested as well', async () => {
    const issuer = await ownIssuer();
    await filled(issuer);
    elapse(500);
    const keys = issuer.hold();
    const auth = replica({}, issuer);
    expect(await resultOf(auth, issuer.token())).toBe('ok');
    await eventually(() => expect(keys.held).toHaveLength(1));
    expect(auth.health().issuers[0]?.fetchedAt).toBe(store.only.fetchedAt / 1000);
    keys.release();
    await eventually(() =>
      expect(auth.health().issuers[0]?.fetchedAt).toBeGreaterThan(Date.now() / 1000 - 100),
    );
  });

  it('provides an entry older than maxAge only after the request to Logto has failed', async () => {
    const issuer = await ownIssuer();
    await filled(issuer);
    elapse(601);
    const keys = issuer.hold();
    const first = replica({}, issuer);
    const result = resultOf(first, issuer.token());
    await eventually(() => expect(keys.held).toHaveLength(1));
    expect(first.health().ready).toBe(false);
    keys.release();
    expect(await result).toBe('ok');
    elapse(601);
    await issuer.goDown();
    const second = replica({}, issuer);
    expect(await resultOf(second, issuer.token())).toBe('ok');
    expect(second.health().issuers[0]).toMatchObject({
      stale: true,
      lastError: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('provides an entry older than maxAge while Logto hangs', async () => {
    const issuer = await ownIssuer();
    await filled(issuer);
    elapse(601);
    issuer.answer = () => {};
    expect(await resultOf(replica({ timeout: 0.5 }, issuer), issuer.token())).toBe('ok');
  });

  it('provides no entry that was fetched longer ago than maxAge plus maxStale', async () => {
    await filled();
    await logto.stop();
    elapse(600 + 3_600 - 5);
    expect(await resultOf(replica({ maxStale: 3_600 }), await token())).toBe('ok');
    const auth = replica({ maxStale: 3_600 });
    expect(await resultOf(auth, await token())).toBe('ok');
    elapse(10);
    expect(await resultOf(replica({ maxStale: 3_600 }), await token())).toBe('keys_unavailable');
    expect(await resultOf(auth, await token())).toBe('keys_unavailable');
  });

  it('never restores a withdrawn key, since the response of Logto is newer', async () => {
    await filled();
    const withdrawn = await token();
    await logto.rotateKeys({ keepPrevious: false });
    const auth = replica();
    // A slow store responds after Logto, with its old entry.
    const old = structuredClone(store.only);
    const slow: KeyValueStore = {
      get: () => new Promise((resolve) => setTimeout(resolve, 300, old)),
      set: () => Promise.resolve(),
    };
    const other = replica({ store: slow });
    for (const one of [auth, other]) {
      expect(await resultOf(one, await token())).toBe('ok');
      await new Promise((resolve) => setTimeout(resolve, 400));
      expect(await resultOf(one, withdrawn)).toBe('unknown_key');
    }
    // The store has the new keys.
    const current = await keyIdOf(logto);
    await eventually(() => expect(store.only.jwks.keys.map(({ kid }) => kid)).toEqual([current]));
  });

  it('is not read while keys are held', async () => {
    await filled();
    const { reads } = store;
    const auth = replica();
    await auth.ready();
    expect(store.reads).toBe(reads + 1);
    // The entry was used, and the keys were requested as well.
    await eventually(() => expect(store.lives).toHaveLength(2));
    elapse(601);
    await auth.verify(await token());
    await eventually(() => expect(auth.health().issuers[0]?.stale).toBe(false));
    await resultOf(auth, await foreignToken(logto));
    expect(store.reads).toBe(reads + 1);
    await logto.stop();
    elapse(90_000);
    await resultOf(auth, await token());
    expect(store.reads).toBe(reads + 2);
  });

  it('does not prevent the request for a key id that its entry lacks', async () => {
    await filled();
    await logto.rotateKeys();
    const auth = replica();
    expect(await resultOf(auth, await token())).toBe('ok');
    expect(logto.keyRequests).toBe(2);
  });

  it('has one entry for each issuer and each key address', async () => {
    const jwksUri = `${logto.issuer}/jwks`;
    const [one, two] = ['https://one.example/oidc', 'https://two.example/oidc'];
    for (const options of [
      { issuer: one, jwksUri },
      { issuer: two, jwksUri },
      { issuer: one, jwksUri: `${jwksUri}?` },
    ]) {
      await createLogtoAuth({ issuers: [options], audience: AUDIENCE, jwksCache: { store } }).ready();
    }
    await eventually(() => expect(store.entries.size).toBe(3));
  });
});

describe('an invalid entry', () => {
  const forger = createSigningKey();

  it.each<[what: string, change: (entry: Entry) => unknown]>([
    ['undefined', () => undefined],
    ['null', () => null],
    ['a string', () => 'x'],
    ['a list', () => []],
    ['an empty object', () => ({})],
    ['of another issuer', (entry) => ({ ...entry, issuer: 'https://other.example/oidc' })],
    ['of another address', (entry) => ({ ...entry, jwksUri: 'https://other.example/oidc/jwks' })],
    ['from the future', (entry) => ({ ...entry, fetchedAt: Date.now() + 60_000 })],
    ['without its time', ({ fetchedAt: _, ...entry }) => entry],
    ['with NaN as its time', (entry) => ({ ...entry, fetchedAt: Number.NaN })],
    ['with a string as its time', (entry) => ({ ...entry, fetchedAt: String(entry.fetchedAt) })],
    ['too old', (entry) => ({ ...entry, fetchedAt: 0 })],
    ['without keys', (entry) => ({ ...entry, jwks: { keys: [] } })],
    ['without a key set', ({ jwks: _, ...entry }) => entry],
    [
      'with encryption keys',
      (entry) => ({ ...entry, jwks: { keys: entry.jwks.keys.map((key) => ({ ...key, use: 'enc' })) } }),
    ],
    ['with 101 keys', (entry) => ({ ...entry, jwks: { keys: Array(101).fill(forger.publicJwk) } })],
  ])('is ignored: %s', async (_what, change) => {
    await filled();
    store.alter(change);
    expect(await resultOf(replica(), await token())).toBe('ok');
    store.alter(change);
    await logto.stop();
    expect(await resultOf(replica(), await token())).toBe('keys_unavailable');
  });
});

describe('a store that fails', () => {
  const failing: [how: string, store: KeyValueStore][] = [
    [
      'rejects',
      { get: () => Promise.reject(new Error('down')), set: () => Promise.reject(new Error('down')) },
    ],
    ['rejects with undefined', { get: () => Promise.reject(), set: () => Promise.reject() }],
    [
      'throws',
      {
        get: () => {
          throw new Error('down');
        },
        set: () => {
          throw new Error('down');
        },
      },
    ],
    ['hangs', { get: () => new Promise(() => {}), set: () => new Promise(() => {}) }],
    ['returns no promise', { get: () => undefined, set: () => undefined } as unknown as KeyValueStore],
  ];

  it.each(failing)('does not affect the verification of tokens: it %s', async (_how, broken) => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const auth = replica({ store: broken });
    const began = performance.now();
    expect(await resultOf(auth, await token())).toBe('ok');
    expect(performance.now() - began).toBeLessThan(400);
    await logto.stop();
    elapse(601);
    expect(await resultOf(auth, await token())).toBe('ok');
    vi.useRealTimers();
    const late = performance.now();
    expect(await resultOf(replica({ store: broken, timeout: 5 }), await token())).toBe('keys_unavailable');
    // The pause before the retry, or the half second that the store may take.
    expect(performance.now() - late).toBeLessThan(2_000);
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it.each([5, 'redis', {}, { get: () => {} }, null])(
    'causes an error at creation if it is not a store: %j',
    (none) => {
      expect(() => replica({ store: none as unknown as KeyValueStore })).toThrow(
        /`jwksCache.store` must be a store with get and set/,
      );
    },
  );
});
