import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AuthError, createLogtoAuth, type IssuerOptions, type LogtoAuthOptions } from '../src/index.js';
import type { TestLogto } from '../src/testing/index.js';
import { eventually } from './support/eventually.js';
import { AUDIENCE, foreignToken, keyIdOf, keySetOf, now, ownLogto, readingToken } from './support/logto.js';
import { elapse, resultOf, travel } from './support/result.js';
import { createSigningKey } from './support/signing.js';
import { type KeyAnswer, ownIssuer, type TestIssuer } from './support/test-issuer.js';

let logto: TestLogto;
/** Another issuer, with behaviour that Logto does not have. */
let other: TestIssuer;
/** Created once, since that takes long. */
const rsa = createSigningKey('RS256');

beforeEach(async () => {
  logto = await ownLogto();
  other = await ownIssuer();
  other.keys = [rsa];
});
afterEach(() => void vi.useRealTimers());

describe('ready and health', () => {
  it('report no keys first, and the fetched keys after ready()', async () => {
    const auth = createLogtoAuth({ endpoint: logto.endpoint, audience: AUDIENCE });
    const tokenCache = { size: 0, max: 10_000, hits: 0, misses: 0 };
    expect(auth.health()).toEqual({
      ready: false,
      issuers: [{ issuer: logto.issuer, keyIds: [], stale: false }],
      tokenCache,
    });
    expect(logto.keyRequests).toBe(0);
    await auth.ready();
    const fetchedAt = expect.closeTo(now(), -1);
    expect(auth.health()).toEqual({
      ready: true,
      issuers: [{ issuer: logto.issuer, keyIds: [await keyIdOf(logto)], stale: false, fetchedAt }],
      tokenCache,
    });
    await auth.ready();
    expect(logto.keyRequests).toBe(1);
  });

  it('require the keys of every issuer', async () => {
    await other.goDown();
    const auth = createLogtoAuth({ endpoint: [logto.endpoint, other.endpoint], audience: AUDIENCE });
    const error = await auth.ready().catch((thrown) => thrown);
    expect(error).toBeInstanceOf(AuthError);
    expect(error).toMatchObject({ status: 503, reason: 'keys_unavailable' });
    expect(error.hint).toContain(other.issuer);
    expect(error.hint).toContain('ECONNREFUSED');
    const health = auth.health();
    expect(health.ready).toBe(false);
    expect(health.issuers).toEqual([
      expect.objectContaining({ issuer: logto.issuer, keyIds: [await keyIdOf(logto)] }),
      {
        issuer: other.issuer,
        keyIds: [],
        stale: false,
        lastError: expect.stringContaining('ECONNREFUSED'),
        nextAttemptAt: expect.closeTo(now() + 1, -1),
      },
    ]);
    expect(JSON.parse(JSON.stringify(health))).toEqual(health);
  });

  it('cover fetched keys, keys at another address and pinned keys, and report missing ones', async () => {
    await other.goDown();
    const pinned = createSigningKey();
    const auth = createLogtoAuth({
      audience: AUDIENCE,
      issuers: [
        { issuer: logto.issuer },
        { issuer: 'https://public.example/oidc', jwksUri: `${other.issuer}/jwks` },
        { issuer: 'https://pinned.example/oidc', jwks: { keys: [pinned.publicJwk] } },
      ],
    });
    // The pinned keys are there from the start, but the others are missing.
    expect(auth.health()).toMatchObject({
      ready: false,
      issuers: [{ keyIds: [] }, { keyIds: [] }, { keyIds: [pinned.kid] }],
    });
    const error = await auth.ready().catch((thrown) => thrown);
    expect(error).toMatchObject({ status: 503, reason: 'keys_unavailable' });
    expect(error.hint).toContain('https://public.example/oidc');
    expect(auth.health()).toMatchObject({ ready: false });
    await other.comeBack();
    elapse(10);
    await auth.ready();
    expect(auth.health()).toEqual({
      ready: true,
      issuers: [
        { issuer: logto.issuer, keyIds: [await keyIdOf(logto)], stale: false, fetchedAt: expect.any(Number) },
        {
          issuer: 'https://public.example/oidc',
          keyIds: [other.key.kid],
          stale: false,
          fetchedAt: expect.any(Number),
        },
        { issuer: 'https://pinned.example/oidc', keyIds: [pinned.kid], stale: false },
      ],
      tokenCache: expect.any(Object),
    });
  });

  it('count cache hits and misses, and the cached tokens up to the maximum', async () => {
    const auth = createLogtoAuth({ endpoint: logto.endpoint, audience: AUDIENCE, tokenCache: { max: 2 } });
    const tokens = [await readingToken(logto), await readingToken(logto), await readingToken(logto)];
    for (const token of tokens) await auth.verify(token);
    await auth.verify(tokens[2] as string);
    expect(auth.health().tokenCache).toEqual({ size: 2, max: 2, hits: 1, misses: 3 });
  });
});

describe('several issuers', () => {
  it('each verify only their own tokens', async () => {
    const auth = createLogtoAuth({ endpoint: [logto.endpoint, other.endpoint], audience: AUDIENCE });
    await expect(auth.verify(await readingToken(logto))).resolves.toMatchObject({ issuer: logto.issuer });
    await expect(auth.verify(other.token())).resolves.toMatchObject({ issuer: other.issuer });
    const crossed = await readingToken(logto, { claims: { iss: other.issuer } });
    await expect(auth.verify(crossed)).rejects.toMatchObject({ reason: 'unknown_key' });
    const sameKid = createSigningKey('RS256', { kid: other.key.kid });
    await expect(auth.verify(other.token({ key: sameKid }))).rejects.toMatchObject({ reason: 'signature' });
  });

  it('each verify only their own tokens, even if both have a key with the same kid', async () => {
    other.keys = [createSigningKey('ES384', { kid: await keyIdOf(logto) })];
    const auth = createLogtoAuth({ endpoint: [logto.endpoint, other.endpoint], audience: AUDIENCE });
    const good = await readingToken(logto);
    const crossed = [
      await readingToken(logto, { claims: { iss: other.issuer } }),
      other.token({ claims: { iss: logto.issuer } }),
    ];
    // Once before anything is cached, and once when the tokens and keys of both are cached.
    for (const time of [1, 2]) {
      const results = await Promise.all(crossed.map((token) => resultOf(auth, token)));
      expect({ time, results }).toEqual({ time, results: ['signature', 'signature'] });
      expect([await resultOf(auth, good), await resultOf(auth, other.token())]).toEqual(['ok', 'ok']);
    }
    // The signature of a cached token, with the name of the other issuer.
    const [header, , signature] = good.split('.');
    const renamed = `${header}.${(crossed[0] as string).split('.')[1]}.${signature}`;
    expect(await resultOf(auth, renamed)).toBe('signature');
  });

  it('keep their own keys when one withdraws a key that the other still has', async () => {
    const issuer = await ownIssuer();
    other.keys = [issuer.key];
    const auth = createLogtoAuth({ endpoint: [issuer.endpoint, other.endpoint], audience: AUDIENCE });
    const tokens = [issuer.token(), other.token()] as const;
    for (const token of tokens) expect(await resultOf(auth, token)).toBe('ok');
    other.rotate({ keepPrevious: false });
    // The first token with the new key causes a fetch.
    expect(await resultOf(auth, other.token())).toBe('ok');
    expect([await resultOf(auth, tokens[0]), await resultOf(auth, tokens[1])]).toEqual(['ok', 'unknown_key']);
  });

  it('refuse the token of an unknown issuer without a request for keys', async () => {
    const fetch = vi.fn(globalThis.fetch);
    const auth = createLogtoAuth({ endpoint: [logto.endpoint, other.endpoint], audience: AUDIENCE, fetch });
    const stranger = await ownLogto();
    for (const iss of [
      stranger.issuer,
      logto.endpoint,
      `${logto.issuer}/`,
      logto.issuer.toUpperCase(),
      `${logto.issuer} ${other.issuer}`,
      [logto.issuer],
      undefined,
      '__proto__',
    ]) {
      for (const signer of [stranger, logto]) {
        expect(await resultOf(auth, await readingToken(signer, { claims: { iss } }))).toBe('issuer');
      }
    }
    expect(fetch).not.toHaveBeenCalled();
    expect([stranger.keyRequests, logto.keyRequests, other.keyRequests]).toEqual([0, 0, 0]);
  });

  const outages: [outage: string, answer: KeyAnswer | undefined][] = [
    ['is down', undefined],
    ['hangs', () => {}],
    ['responds with garbage', (res) => res.end('<html>')],
    ['responds with status 500', (res) => res.writeHead(500).end()],
  ];

  describe.each(outages)('one of which %s', (outage, answer) => {
    async function fail(): Promise<void> {
      if (answer === undefined) await other.goDown();
      else other.answer = answer;
    }

    const both = (options: LogtoAuthOptions = {}) =>
      createLogtoAuth({ endpoint: [logto.endpoint, other.endpoint], audience: AUDIENCE, ...options });

    /** Checks that the tokens of an issuer that hangs still wait while this work completes. */
    async function meanwhile<T>(suffering: Promise<T>, work: () => Promise<void>): Promise<T> {
      const settled = vi.fn();
      suffering.then(settled);
      await work();
      if (outage === 'hangs') expect(settled).not.toHaveBeenCalled();
      await other.goDown();
      return suffering;
    }

    it('accept new and cached tokens of the working one from the start', async () => {
      await fail();
      const auth = both();
      const result = await meanwhile(resultOf(auth, other.token()), async () => {
        const known = await readingToken(logto);
        for (const token of [known, known, await readingToken(logto)])
          expect(await resultOf(auth, token)).toBe('ok');
        expect(logto.keyRequests).toBe(1);
        expect(auth.health()).toMatchObject({
          ready: false,
          issuers: [{ keyIds: [await keyIdOf(logto)] }, { keyIds: [] }],
        });
      });
      expect(result).toBe('keys_unavailable');
    });

    it('accept the tokens of both after an idle period, and the working one does not wait', async () => {
      const auth = both();
      const claims = { exp: now() + 10_000 };
      const [known, knownOther] = [await readingToken(logto, { claims }), other.token({ claims })];
      for (const token of [known, knownOther]) await auth.verify(token);
      await fail();
      travel(2_000);
      const ofOther = [knownOther, other.token({ claims })].map((token) => resultOf(auth, token));
      const results = await meanwhile(Promise.all(ofOther), async () => {
        const fresh = await readingToken(logto, { claims });
        const ofOne = [known, fresh].map((token) => resultOf(auth, token));
        expect(await Promise.all(ofOne)).toEqual(['ok', 'ok']);
        // One fetch at the start and one after the idle period.
        expect(logto.keyRequests).toBe(2);
      });
      expect(results).toEqual(['ok', 'ok']);
    });

    it('accept the first token after a rotation of the working one, despite made-up key ids', async () => {
      const auth = both();
      await auth.ready();
      await fail();
      const madeUp = [1, 2, 3, 4].map((kid) => other.token({ header: { kid: `made-up-${kid}` } }));
      const suffering = Promise.all(madeUp.map((token) => resultOf(auth, token)));
      const results = await meanwhile(suffering, async () => {
        await logto.rotateKeys();
        expect(await resultOf(auth, await readingToken(logto))).toBe('ok');
        expect(logto.keyRequests).toBe(2);
      });
      expect(results).toEqual(Array(4).fill('keys_unavailable'));
    });
  });

  it('may have their keys at another address or pinned', async () => {
    const auth = createLogtoAuth({
      audience: AUDIENCE,
      issuers: [
        { issuer: 'https://public.example/oidc', jwksUri: `${logto.endpoint}/oidc/jwks` },
        { issuer: 'https://pinned.example/oidc', jwks: { keys: [other.key.publicJwk] } },
      ],
    });
    const reached = await readingToken(logto, { claims: { iss: 'https://public.example/oidc' } });
    await expect(auth.verify(reached)).resolves.toBeDefined();
    const pinned = { claims: { iss: 'https://pinned.example/oidc' } };
    await expect(auth.verify(other.token(pinned))).resolves.toBeDefined();
    await expect(auth.verify(await readingToken(logto, pinned))).rejects.toMatchObject({
      reason: 'unknown_key',
    });
    expect(other.keyRequests).toBe(0);
    expect(auth.health()).toMatchObject({
      ready: true,
      issuers: [{}, { keyIds: [other.key.kid], stale: false }],
    });
  });

  it('have separate limits for the tokens that wait for keys', async () => {
    const endpoint = [logto.endpoint, other.endpoint];
    const auth = createLogtoAuth({ endpoint, audience: AUDIENCE, maxPending: 1 });
    const keys = other.hold();
    const waiting = resultOf(auth, other.token());
    await eventually(() => expect(keys.held).toHaveLength(1));
    expect(await resultOf(auth, await readingToken(logto))).toBe('ok');
    keys.release();
    expect(await waiting).toBe('ok');
  });

  it('have separate limits for the tokens with an unknown key id', async () => {
    const endpoint = [logto.endpoint, other.endpoint];
    const auth = createLogtoAuth({ endpoint, audience: AUDIENCE, maxPending: 1 });
    await auth.ready();
    const keys = other.hold();
    const waiting = resultOf(auth, other.token({ header: { kid: 'made-up' } }));
    await eventually(() => expect(keys.held).toHaveLength(1));
    await logto.rotateKeys();
    expect(await resultOf(auth, await readingToken(logto))).toBe('ok');
    keys.release();
    expect(await waiting).toBe('unknown_key');
  });

  it('are not ready while one was never reached, and health() shows which have keys', async () => {
    await other.goDown();
    const auth = createLogtoAuth({ endpoint: [logto.endpoint, other.endpoint], audience: AUDIENCE });
    const jwksUri = `${other.issuer}/jwks`;
    await expect(auth.ready()).rejects.toMatchObject({
      reason: 'keys_unavailable',
      cause: expect.objectContaining({ message: expect.stringContaining(jwksUri) }),
    });
    expect(auth.health().ready).toBe(false);
    expect(auth.health().issuers.some(({ keyIds }) => keyIds.length > 0)).toBe(true);
  });
});

describe('the address of the keys', () => {
  const asking = (issuers: readonly IssuerOptions[]) => {
    const asked: string[] = [];
    const auth = createLogtoAuth({
      audience: AUDIENCE,
      issuers,
      allowInsecureRequests: true,
      fetch: (async (input: string) => {
        asked.push(input);
        return Response.json(await keySetOf(logto));
      }) as typeof fetch,
    });
    return { auth, asked };
  };

  it.each<[string, IssuerOptions, string]>([
    [
      'is derived from the issuer',
      { issuer: 'https://auth.shop.example/oidc' },
      'https://auth.shop.example/oidc/jwks',
    ],
    [
      'has a single slash if the issuer ends in one',
      { issuer: 'https://auth.shop.example/oidc/' },
      'https://auth.shop.example/oidc/jwks',
    ],
    [
      'is the internal one if jwksUri is given',
      { issuer: 'https://auth.shop.example/oidc', jwksUri: 'http://logto:3001/oidc/jwks' },
      'http://logto:3001/oidc/jwks',
    ],
  ])('%s, and tokens must have the public issuer', async (_what, options, address) => {
    const { auth, asked } = asking([options]);
    const named = (iss: string) => readingToken(logto, { claims: { iss } });
    expect(await resultOf(auth, await named('http://logto:3001/oidc'))).toBe('issuer');
    expect(asked).toEqual([]);
    expect(await resultOf(auth, await named(options.issuer))).toBe('ok');
    expect(asked).toEqual([address]);
  });

  it('may be the same for two issuers, as for two names of a tenant, and each fetches it', async () => {
    const jwksUri = 'http://logto:3001/oidc/jwks';
    const names = ['https://tenant.logto.example/oidc', 'https://auth.shop.example/oidc'];
    const { auth, asked } = asking(names.map((name) => ({ issuer: name, jwksUri })));
    for (const iss of names)
      expect(await resultOf(auth, await readingToken(logto, { claims: { iss } }))).toBe('ok');
    expect(asked).toEqual([jwksUri, jwksUri]);
  });
});

describe('pinned keys', () => {
  const fetch = vi.fn(() => {
    throw new Error('no network here');
  });
  let looks: number;
  /** The keys as an operator copies them: the only request to Logto. */
  const copiedKeys = async () => {
    looks += 1;
    return (await keySetOf(logto)).keys;
  };
  const pinned = (...keys: Record<string, unknown>[]) =>
    createLogtoAuth({
      audience: AUDIENCE,
      issuers: [{ issuer: logto.issuer, jwks: { keys } }],
      fetch: fetch as unknown as typeof globalThis.fetch,
    });

  beforeEach(() => {
    looks = 0;
  });
  afterEach(() => {
    expect(fetch).not.toHaveBeenCalled();
    expect(logto.keyRequests).toBe(looks);
  });

  it('need no network at the start, for an unknown key id or at any age', async () => {
    const auth = pinned(...(await copiedKeys()));
    const kid = await keyIdOf(logto);
    expect(auth.health()).toMatchObject({
      ready: true,
      issuers: [{ keyIds: [kid], stale: false }],
    });
    await auth.ready();
    const claims = { exp: 4_000_000_000 };
    const known = await readingToken(logto, { claims });
    expect(await resultOf(auth, known)).toBe('ok');
    expect(await resultOf(auth, await foreignToken(logto))).toBe('unknown_key');
    expect(await resultOf(auth, await foreignToken(logto, { header: { kid } }))).toBe('signature');
    travel(365 * 86_400);
    expect([
      await resultOf(auth, known),
      await resultOf(auth, await readingToken(logto, { claims })),
    ]).toEqual(['ok', 'ok']);
    expect(auth.health()).toMatchObject({ ready: true, issuers: [{ stale: false }] });
  });

  it('follow a rotation only through a new instance', async () => {
    const before = pinned(...(await copiedKeys()));
    const oldToken = await readingToken(logto);
    expect(await resultOf(before, oldToken)).toBe('ok');
    await logto.rotateKeys();
    const newToken = await readingToken(logto);
    expect([await resultOf(before, oldToken), await resultOf(before, newToken)]).toEqual([
      'ok',
      'unknown_key',
    ]);
    const both = await copiedKeys();
    expect(both).toHaveLength(2);
    const during = pinned(...both);
    expect([await resultOf(during, oldToken), await resultOf(during, newToken)]).toEqual(['ok', 'ok']);
    const after = pinned(...both.slice(0, 1));
    expect([await resultOf(after, oldToken), await resultOf(after, newToken)]).toEqual(['unknown_key', 'ok']);
  });

  it('do not change if the given list changes later', async () => {
    const intruder = await ownLogto();
    const keys = await copiedKeys();
    const auth = createLogtoAuth({
      audience: AUDIENCE,
      issuers: [{ issuer: logto.issuer, jwks: { keys } }],
    });
    keys.push(...(await keySetOf(intruder)).keys);
    const theirs = await readingToken(intruder, { claims: { iss: logto.issuer } });
    expect(await resultOf(auth, theirs)).toBe('unknown_key');
    expect(await resultOf(auth, await readingToken(logto))).toBe('ok');
  });
});

it('sends requests to Logto only through the given fetch', async () => {
  const asked: string[] = [];
  const auth = createLogtoAuth({
    endpoint: 'https://tenant.logto.example',
    audience: AUDIENCE,
    fetch: (async (input: string) => {
      asked.push(input);
      return Response.json(await keySetOf(logto));
    }) as typeof fetch,
  });
  await expect(
    auth.verify(await readingToken(logto, { claims: { iss: 'https://tenant.logto.example/oidc' } })),
  ).resolves.toBeDefined();
  expect(asked).toEqual(['https://tenant.logto.example/oidc/jwks']);
});
