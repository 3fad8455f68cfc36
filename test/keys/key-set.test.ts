import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogtoAuth, type JwksCacheOptions, type KeyHealth, type LogtoAuth } from '../../src/index.js';
import type { TestLogto } from '../../src/testing/index.js';
import { eventually } from '../support/eventually.js';
import { AUDIENCE, foreignToken, keySetOf, now, ownLogto, readingToken } from '../support/logto.js';
import { elapse, later, resultOf, travel } from '../support/result.js';
import { createSigningKey } from '../support/signing.js';
import { ownIssuer, type TestIssuer } from '../support/test-issuer.js';

let logto: TestLogto;

beforeEach(async () => {
  logto = await ownLogto();
});
afterEach(() => void vi.useRealTimers());

/** The test Logto, or an issuer with behaviour that Logto does not have. */
type Trusted = Pick<TestLogto, 'endpoint'>;

const instance = (jwksCache: JwksCacheOptions = {}, { endpoint }: Trusted = logto): LogtoAuth =>
  createLogtoAuth({ endpoint, audience: AUDIENCE, jwksCache });

/** In seconds: longer than the time by which any test advances the clock. */
const LONG = 1_000_000;
const token = () => readingToken(logto, { expiresIn: LONG });
const tokenOf = (issuer: TestIssuer, key = issuer.key) =>
  issuer.token({ key, claims: { exp: now() + LONG } });

/** Waits until the health of every issuer meets this condition. */
async function settled(auth: LogtoAuth, done: (health: KeyHealth) => boolean) {
  await eventually(() => expect(auth.health().issuers.every(done)).toBe(true));
}

describe('a refresh', () => {
  it('does not happen while the keys are younger than maxAge', async () => {
    const auth = instance();
    await auth.ready();
    elapse(599);
    for (let i = 0; i < 3; i++) expect(await resultOf(auth, await token())).toBe('ok');
    expect(logto.keyRequests).toBe(1);
  });

  it('runs in the background up to twice maxAge, and no request waits for it', async () => {
    const issuer = await ownIssuer();
    const auth = instance({}, issuer);
    await auth.ready();
    elapse(1_199);
    const keys = issuer.hold();
    expect(await resultOf(auth, tokenOf(issuer))).toBe('ok');
    await eventually(() => expect(keys.held).toHaveLength(1));
    expect(await resultOf(auth, tokenOf(issuer))).toBe('ok');
    keys.release();
    await settled(auth, ({ stale }) => !stale);
    expect(issuer.keyRequests).toBe(2);
  });

  it('delays requests beyond twice maxAge, and all of them share one fetch', async () => {
    const issuer = await ownIssuer();
    const auth = instance({}, issuer);
    await auth.ready();
    elapse(1_201);
    const keys = issuer.hold();
    let ended = 0;
    const results = Promise.all(
      Array.from({ length: 50 }, async () => {
        const result = await resultOf(auth, tokenOf(issuer));
        ended += 1;
        return result;
      }),
    );
    await eventually(() => expect(keys.held).toHaveLength(1));
    expect(ended).toBe(0);
    keys.release();
    expect(new Set(await results)).toEqual(new Set(['ok']));
    expect(issuer.keyRequests).toBe(2);
  });

  it('that fails beyond twice maxAge keeps the old keys in use, and later requests do not wait', async () => {
    const issuer = await ownIssuer();
    const auth = instance({ timeout: 0.6 }, issuer);
    await auth.ready();
    elapse(80_000);
    issuer.answer = () => {};
    expect(await resultOf(auth, tokenOf(issuer))).toBe('ok');
    const { keyRequests } = issuer;
    // During the backoff the keys are not requested, and no token waits.
    expect(await resultOf(auth, tokenOf(issuer))).toBe('ok');
    expect(issuer.keyRequests).toBe(keyRequests);
    // After the backoff the next attempt runs in the background.
    elapse(10);
    expect(await resultOf(auth, tokenOf(issuer))).toBe('ok');
    await eventually(() => expect(issuer.keyRequests).toBeGreaterThan(keyRequests));
  });

  it('is retried once shortly after a failure', async () => {
    const issuer = await ownIssuer();
    let requests = 0;
    issuer.answer = (res) => {
      requests += 1;
      if (requests === 1) res.writeHead(503).end();
      else issuer.sendKeys(res);
    };
    const auth = instance({}, issuer);
    expect(await resultOf(auth, tokenOf(issuer))).toBe('ok');
    expect(issuer.keyRequests).toBe(2);
  });

  it('that fails keeps the keys for at most maxAge plus maxStale', async () => {
    const auth = instance({ maxAge: 600, maxStale: 3_600 });
    await auth.ready();
    await logto.stop();
    elapse(4_190);
    expect(await resultOf(auth, await token())).toBe('ok');
    elapse(11);
    expect(await resultOf(auth, await token())).toBe('keys_unavailable');
    expect(auth.health()).toMatchObject({ ready: false, issuers: [{ keyIds: [] }] });
    await logto.start();
    elapse(6);
    expect(await resultOf(auth, await token())).toBe('ok');
  });

  it('happens no later if the wall clock is set back by 400 days, and the keys expire no later', async () => {
    const auth = instance();
    const early = await token();
    await auth.ready();
    travel(-400 * 86_400);
    // The claims are checked against the wall clock, and this token stays valid.
    expect(await resultOf(auth, early)).toBe('ok');
    expect(logto.keyRequests).toBe(1);
    await logto.stop();
    later(86_400);
    expect(auth.health()).toMatchObject({ ready: true, issuers: [{ stale: true }] });
    expect(await resultOf(auth, early)).toBe('ok');
    later(601);
    expect(auth.health()).toMatchObject({ ready: false, issuers: [{ keyIds: [], stale: true }] });
    expect(await resultOf(auth, early)).toBe('keys_unavailable');
    expect(await resultOf(auth, await token())).toBe('keys_unavailable');
  });

  it('follows no redirect', async () => {
    const issuer = await ownIssuer();
    const evil = await ownIssuer();
    issuer.answer = (res) => res.writeHead(307, { location: `${evil.issuer}/jwks` }).end();
    expect(await resultOf(instance({}, issuer), issuer.token({ key: evil.key }))).toBe('keys_unavailable');
    expect(evil.keyRequests).toBe(0);
  });

  it('accepts the usable key among unusable ones', async () => {
    const issuer = await ownIssuer();
    const { publicJwk, kid } = issuer.key;
    const small = createSigningKey('RS256', { bits: 1024 });
    const bad = [
      null,
      5,
      'x',
      {},
      { kty: 'oct', kid: 'oct', k: 'AAAA' },
      { ...publicJwk, kid: undefined },
      { ...publicJwk, kid: 5 },
      { ...publicJwk, kid: 'enc', use: 'enc' },
      { ...publicJwk, kid: 'ops', key_ops: ['sign'] },
      { ...publicJwk, kid: 'alg', alg: 'ES256' },
      { ...publicJwk, kid: 'crv', crv: 'P-1' },
      { ...publicJwk, kid: 'inherited', crv: '__proto__' },
      { ...publicJwk, kid: 'no-string', crv: { toString: 1, valueOf: 1 } },
      { ...publicJwk, kid: 'off-curve', x: 'AAAA' },
      { ...publicJwk, kid: 'private', d: 'AAAA' },
      { ...small.publicJwk, kid: 'small' },
      { kty: 'RSA', kid: 'no-modulus', e: 'AQAB' },
      { kty: 'OKP', kid: 'okp', crv: 'Ed25519', x: 'AAAA' },
    ];
    issuer.answer = (res) =>
      res.end(JSON.stringify({ keys: [...bad, publicJwk, createSigningKey('ES384', { kid }).publicJwk] }));
    const auth = instance({}, issuer);
    expect(await resultOf(auth, tokenOf(issuer))).toBe('ok');
    expect(auth.health().issuers[0]?.keyIds).toEqual([kid]);
  });
});

describe('unknown key ids', () => {
  it('cause a fetch at once, so that the first token after a rotation is accepted', async () => {
    const auth = instance();
    await auth.ready();
    for (const alg of ['ES384', 'RS256']) {
      await logto.rotateKeys({ alg });
      expect(await resultOf(auth, await token())).toBe('ok');
    }
    expect(logto.keyRequests).toBe(3);
  });

  it('cause one fetch for all waiting tokens', async () => {
    const auth = instance();
    await auth.ready();
    await logto.rotateKeys();
    const tokens = await Promise.all(Array.from({ length: 100 }, token));
    const results = await Promise.all(tokens.map((one) => resultOf(auth, one)));
    expect(new Set(results)).toEqual(new Set(['ok']));
    expect(logto.keyRequests).toBe(2);
  });

  it('cause another fetch after a refresh that began before the request', async () => {
    const issuer = await ownIssuer();
    const auth = instance({}, issuer);
    await auth.ready();
    elapse(601);
    const old = tokenOf(issuer);
    const keys = issuer.hold();
    await auth.verify(old);
    await eventually(() => expect(keys.held).toHaveLength(1));
    // Logto responds to the running refresh with its previous keys, after a rotation.
    const before = JSON.stringify({ keys: issuer.keys.map(({ publicJwk }) => publicJwk) });
    issuer.rotate();
    issuer.answer = undefined;
    const results = Promise.all([resultOf(auth, tokenOf(issuer)), resultOf(auth, tokenOf(issuer))]);
    keys.held[0]?.end(before);
    expect(await results).toEqual(['ok', 'ok']);
    expect(issuer.keyRequests).toBe(3);
  });

  it('cause one fetch even if a thousand are made up at once, and hide no rotation', async () => {
    const auth = instance();
    await auth.ready();
    elapse(2);
    const { keyRequests } = logto;
    const forger = await ownLogto();
    const made = (i: number) =>
      readingToken(forger, { claims: { iss: logto.issuer }, header: { kid: `made-up-${i}` } });
    const tokens = await Promise.all(Array.from({ length: 1_000 }, (_, i) => made(i)));
    const results = await Promise.all(tokens.map((one) => resultOf(auth, one)));
    expect(new Set(results)).toEqual(new Set(['unknown_key']));
    expect(logto.keyRequests - keyRequests).toBe(1);
    await logto.rotateKeys();
    expect(await resultOf(auth, await token())).toBe('ok');
    expect(logto.keyRequests - keyRequests).toBe(2);
  });

  it('are refused with 503, not 401, while Logto is down', async () => {
    const auth = instance();
    await auth.ready();
    await logto.stop();
    expect(await resultOf(auth, await foreignToken(logto))).toBe('keys_unavailable');
    expect(await resultOf(auth, await token())).toBe('ok');
  });

  it.each([undefined, '', 5, 'x'.repeat(257)])('cause no fetch if the kid is invalid (%j)', async (kid) => {
    const auth = instance();
    await auth.ready();
    expect(await resultOf(auth, await readingToken(logto, { header: { kid } }))).toBe('unknown_key');
    expect(logto.keyRequests).toBe(1);
  });

  it('delay a request by no more than the timeout, even during a refresh that hangs', async () => {
    const issuer = await ownIssuer();
    const auth = instance({ timeout: 0.6 }, issuer);
    await auth.ready();
    elapse(601);
    issuer.answer = () => {};
    await auth.verify(tokenOf(issuer));
    vi.useRealTimers();
    const began = performance.now();
    expect(await resultOf(auth, issuer.token({ key: createSigningKey() }))).toBe('keys_unavailable');
    expect(performance.now() - began).toBeLessThan(1_500);
  });
});

it('a request waits no longer than the timeout, even if it waits for two refreshes', async () => {
  const issuer = await ownIssuer();
  const auth = instance({ timeout: 3 }, issuer);
  await auth.ready();
  elapse(601);
  const keys = issuer.hold();
  await auth.verify(tokenOf(issuer));
  await eventually(() => expect(keys.held).toHaveLength(1));
  vi.useRealTimers();
  const began = performance.now();
  const result = resultOf(auth, issuer.token({ key: createSigningKey() }));
  // The first refresh gets a late response without the key, the second gets none.
  setTimeout(() => issuer.sendKeys(keys.held[0] as (typeof keys.held)[0]), 2_000);
  expect(await result).toBe('keys_unavailable');
  expect(keys.held).toHaveLength(2);
  expect(performance.now() - began).toBeLessThan(3_600);
});

describe('a cold start', () => {
  it('refuses tokens with 503 and Retry-After while Logto is down, and accepts them soon after', async () => {
    await logto.stop();
    const auth = instance();
    const tokens = await Promise.all(Array.from({ length: 100 }, token));
    const results = await Promise.all(tokens.map((one) => resultOf(auth, one)));
    expect(new Set(results)).toEqual(new Set(['keys_unavailable']));
    for (let i = 0; i < 10; i++) {
      elapse(5);
      expect(await resultOf(auth, await token())).toBe('keys_unavailable');
      const error = await auth.verify(await token()).catch((thrown) => thrown);
      expect(Number(error.headers['Retry-After'])).toBeGreaterThanOrEqual(1);
      expect(Number(error.headers['Retry-After'])).toBeLessThanOrEqual(5);
    }
    await logto.start();
    elapse(5);
    expect(await resultOf(auth, await token())).toBe('ok');
  });

  it('makes one attempt and one retry for all requests while Logto fails', async () => {
    const issuer = await ownIssuer();
    issuer.answer = (res) => res.writeHead(500).end();
    const auth = instance({}, issuer);
    await Promise.all(Array.from({ length: 100 }, () => resultOf(auth, tokenOf(issuer))));
    // The attempt and its retry.
    expect(issuer.keyRequests).toBe(2);
    await Promise.all(Array.from({ length: 100 }, () => resultOf(auth, tokenOf(issuer))));
    expect(issuer.keyRequests).toBe(2);
  });

  it('fetches the keys once for 500 first requests', async () => {
    const auth = instance();
    const tokens = await Promise.all(Array.from({ length: 500 }, token));
    const results = await Promise.all(tokens.map((one) => resultOf(auth, one)));
    expect(new Set(results)).toEqual(new Set(['ok']));
    expect(logto.keyRequests).toBe(1);
  });
});

describe('an outage', () => {
  it('with a flood of made-up key ids does not affect tokens whose key is held', async () => {
    const issuer = await ownIssuer();
    const auth = createLogtoAuth({
      endpoint: issuer.endpoint,
      audience: AUDIENCE,
      maxPending: 10,
      jwksCache: { timeout: 0.5 },
    });
    await auth.ready();
    elapse(601);
    issuer.answer = () => {};
    const forger = createSigningKey();
    const flood = Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        resultOf(auth, tokenOf(issuer, { ...forger, kid: `made-up-${i}` })),
      ),
    );
    expect(await resultOf(auth, tokenOf(issuer))).toBe('ok');
    expect(new Set(await flood)).toEqual(new Set(['keys_unavailable', 'overloaded']));
  });

  it('delays no request, however long it lasts, even if each attempt hangs', async () => {
    const issuer = await ownIssuer();
    const auth = instance({ timeout: 0.5 }, issuer);
    await auth.ready();
    elapse(1_201);
    issuer.answer = () => {};
    expect(await resultOf(auth, tokenOf(issuer))).toBe('ok');
    for (const wait of [20, 20, 20, 20, 40, 60, 60]) {
      elapse(wait);
      const { keyRequests } = issuer;
      const began = performance.now();
      for (let i = 0; i < 5; i++) expect(await resultOf(auth, tokenOf(issuer))).toBe('ok');
      expect(performance.now() - began).toBeLessThan(400);
      await eventually(() => expect(issuer.keyRequests).toBeGreaterThan(keyRequests));
      await new Promise((resolve) => setTimeout(resolve, 550));
    }
  });

  it('is not assumed to continue after an idle period: the next token waits for a fetch', async () => {
    const auth = instance();
    await auth.ready();
    const old = await token();
    elapse(1_201);
    await logto.stop();
    expect(await resultOf(auth, old)).toBe('ok');
    await logto.start();
    await logto.rotateKeys({ keepPrevious: false });
    elapse(300);
    expect(await resultOf(auth, old)).toBe('unknown_key');
  });
});

describe('a custom fetch', () => {
  const claims = { iss: 'https://tenant.logto.example/oidc' };
  const withFetch = (fetch: unknown) =>
    createLogtoAuth({
      endpoint: 'https://tenant.logto.example',
      audience: AUDIENCE,
      fetch: fetch as typeof globalThis.fetch,
      jwksCache: { timeout: 0.3 },
    });

  it.each<[string, () => unknown]>([
    ['returns nothing', () => undefined],
    ['rejects with undefined', () => Promise.reject()],
    [
      'throws an Error whose cause cannot be read',
      () => {
        throw Object.defineProperty(new Error('x'), 'cause', {
          get() {
            throw null;
          },
        });
      },
    ],
    [
      'follows a redirect',
      async () => Object.defineProperty(Response.json(await keySetOf(logto)), 'redirected', { value: true }),
    ],
    ['streams strings without end', async () => ({ status: 200, body: endless('x'.repeat(1_000)) })],
    ['ignores its signal', () => new Promise(() => {})],
  ])('that %s results in 503, and allows another attempt', async (_what, fetch) => {
    const auth = withFetch(fetch);
    expect(await resultOf(auth, await readingToken(logto, { claims }))).toBe('keys_unavailable');
    // The attempt ended, so another one is possible.
    await settled(auth, ({ lastError }) => lastError !== undefined);
    expect(auth.health().ready).toBe(false);
  });

  async function* endless(chunk: string) {
    for (;;) yield chunk;
  }
});

it('hides the query of the key address in hints and in health()', async () => {
  const auth = createLogtoAuth({
    issuers: [{ issuer: logto.issuer, jwksUri: `${logto.issuer}/jwks?apikey=hunter2` }],
    audience: AUDIENCE,
    fetch: async (uri) => {
      throw new Error(`request to ${uri} failed`);
    },
  });
  const error = await auth.ready().catch((thrown) => thrown);
  expect(error.hint).toContain(`${logto.issuer}/jwks: request to ${logto.issuer}/jwks failed`);
  expect([error.hint, auth.health().issuers[0]?.lastError].join()).not.toContain('hunter2');
});

it('reports the reason for a failed fetch in one line', async () => {
  const server = createServer((_req, res) => res.writeHead(401).end()).listen(0, '127.0.0.1');
  const { port } = await new Promise<AddressInfo>((resolve) =>
    server.once('listening', () => resolve(server.address() as AddressInfo)),
  );
  const auth = createLogtoAuth({ endpoint: `http://127.0.0.1:${port}`, audience: AUDIENCE });
  await auth.ready().catch(() => {});
  const { lastError } = auth.health().issuers[0] ?? {};
  expect(lastError).toBe(`http://127.0.0.1:${port}/oidc/jwks: it responded with status 401`);
  server.close();
});
