import { createHash } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import express from 'express';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogtoAuth, type LogtoAuth, type LogtoAuthOptions } from '../../src/index.js';
import type { TestLogto } from '../../src/testing/index.js';
import { TokenCache, type VerifiedToken } from '../../src/verification/token-cache.js';
import { AUDIENCE, foreignToken, keyIdOf, now, ownLogto, readingToken } from '../support/logto.js';
import { get } from '../support/request.js';
import { elapse, resultOf, travel } from '../support/result.js';
import { createSigningKey } from '../support/signing.js';
import { ownIssuer } from '../support/test-issuer.js';

const verifications = vi.hoisted(() => ({
  count: 0,
  gate: Promise.resolve(),
  failure: undefined as Error | undefined,
}));

// The real check, with a counter and a gate: what happens during a check cannot be told from outside.
vi.mock('../../src/verification/signature.js', async (importOriginal) => {
  const { isSignedBy } = await importOriginal<typeof import('../../src/verification/signature.js')>();
  const counted: typeof isSignedBy = async (...args) => {
    verifications.count += 1;
    await verifications.gate;
    if (verifications.failure !== undefined) throw verifications.failure;
    return isSignedBy(...args);
  };
  return { isSignedBy: counted };
});

let logto: TestLogto;

beforeEach(async () => {
  logto = await ownLogto();
  verifications.count = 0;
  verifications.gate = Promise.resolve();
  verifications.failure = undefined;
});
afterEach(() => void vi.useRealTimers());

const instance = (options: LogtoAuthOptions = {}): LogtoAuth =>
  createLogtoAuth({ endpoint: logto.endpoint, audience: AUDIENCE, ...options });

describe('a token that verified before', () => {
  it('is not verified again', async () => {
    const auth = instance();
    const token = await readingToken(logto);
    for (let i = 0; i < 5; i++) expect(await resultOf(auth, token)).toBe('ok');
    expect(verifications.count).toBe(1);
    expect(auth.health().tokenCache).toMatchObject({ size: 1, hits: 4, misses: 1 });
  });

  it('is known by its SHA-256 digest, and the cache keeps no text', async () => {
    const set = vi.spyOn(TokenCache.prototype, 'set');
    const token = await readingToken(logto);
    await instance().verify(token);
    const [[digest, entry]] = set.mock.calls as [[string, object]];
    expect(Buffer.from(digest, 'latin1')).toEqual(createHash('sha256').update(token).digest());
    const kept = JSON.stringify([digest, { ...entry, keySource: undefined }]);
    for (const part of token.split('.')) expect(kept).not.toContain(part);
    set.mockRestore();
  });

  it('shares its lists with the tokens that say the same, and with no other', async () => {
    const auth = instance();
    const scope = 'read:products write:products';
    const [first, same, other] = await Promise.all(
      [
        { scope },
        { scope, jti: 'another' },
        { scope: 'read:products', aud: [AUDIENCE, 'write:products'] },
      ].map(async (claims) => auth.verify(await logto.issueToken({ claims }))),
    );
    expect(same?.scopes).toBe(first?.scopes);
    expect(same?.audience).toBe(first?.audience);
    expect(first).toMatchObject({ audience: [AUDIENCE], scopes: ['read:products', 'write:products'] });
    expect(other).toMatchObject({ audience: [AUDIENCE, 'write:products'], scopes: ['read:products'] });
  });

  it('takes nobody else’s lists for its own, however they are written', async () => {
    const auth = instance();
    const granting = (scopes: string) => logto.issueToken({ scopes });
    expect((await auth.verify(await granting('a b'))).scopes).toEqual(['a', 'b']);
    // One scope, and a legal one (RFC 6749 section 3.3).
    expect((await auth.verify(await granting('a,b'))).scopes).toEqual(['a,b']);
    expect(await resultOf(auth, await granting('a,b'), { scopes: ['a'] })).toBe('scope');
  });

  it('keeps very long lists for itself', async () => {
    const auth = instance();
    const scopes = Array.from({ length: 200 }, (_, i) => `scope:${i}`);
    const [one, two] = [
      await auth.verify(await logto.issueToken({ scopes })),
      await auth.verify(await logto.issueToken({ scopes })),
    ];
    expect(one.scopes).toEqual(two.scopes);
    expect(one.scopes).not.toBe(two.scopes);
  });

  it.each<[what: string, options: LogtoAuthOptions]>([
    ['', {}],
    [', also by way of isRevoked', { isRevoked: () => false }],
  ])('takes a synchronous way from the header to the handler%s', async (_what, options) => {
    const auth = instance(options);
    const guard = auth.requireScopes('read:products');
    const token = await readingToken(logto);
    await auth.verify(token);
    const req = {
      headers: { authorization: `Bearer ${token}` },
      rawHeaders: [],
    } as unknown as express.Request;
    let called = false;
    guard(req, {} as express.Response, () => {
      called = true;
    });
    expect(called).toBe(true);
  });

  it('is refused on a route of another audience, for another permission and by another organization rule', async () => {
    const auth = instance();
    const token = await readingToken(logto);
    expect(await resultOf(auth, token)).toBe('ok');
    expect(await resultOf(auth, token, { audience: 'https://other.api' })).toBe('audience');
    expect(await resultOf(auth, token, { scopes: ['write:products'] })).toBe('scope');
    expect(await resultOf(auth, token, { organization: 'required' })).toBe('organization');
    expect(await resultOf(auth, token, { organizationToken: { id: 'x' } })).toBe('audience');
    expect(verifications.count).toBe(1);
  });

  it('is refused by an instance that trusts another issuer', async () => {
    const other = await ownLogto();
    const token = await readingToken(logto);
    expect(await resultOf(instance(), token)).toBe('ok');
    expect(await resultOf(instance({ endpoint: other.endpoint }), token)).toBe('issuer');
  });

  it('is refused when it is altered', async () => {
    const auth = instance();
    const token = await readingToken(logto);
    expect(await resultOf(auth, token)).toBe('ok');
    const [header, payload, signature = ''] = token.split('.');
    const altered = signature.startsWith('A') ? `B${signature.slice(1)}` : `A${signature.slice(1)}`;
    expect(await resultOf(auth, `${header}.${payload}.${altered}`)).toBe('signature');
  });

  it('is verified again when it was evicted', async () => {
    const auth = instance({ tokenCache: { max: 1 } });
    const [one, two] = [await readingToken(logto), await readingToken(logto)];
    expect([await resultOf(auth, one), await resultOf(auth, two), await resultOf(auth, one)]).toEqual([
      'ok',
      'ok',
      'ok',
    ]);
    expect(verifications.count).toBe(3);
  });

  it('is refused once Logto has withdrawn its key, and once it has other material under the kid', async () => {
    // No Logto does the latter.
    const issuer = await ownIssuer();
    const withdrawals = [
      {
        trusted: logto,
        token: await readingToken(logto, { expiresIn: 86_400 }),
        withdraw: () => logto.rotateKeys({ keepPrevious: false }),
      },
      {
        trusted: issuer,
        token: issuer.token({ claims: { exp: now() + 86_400 } }),
        withdraw: async () => {
          issuer.keys = [createSigningKey('ES384', { kid: issuer.key.kid })];
        },
      },
    ];
    for (const { trusted, token, withdraw } of withdrawals) {
      const auth = instance({ endpoint: trusted.endpoint });
      expect(await resultOf(auth, token)).toBe('ok');
      const { keyRequests } = trusted;
      await withdraw();
      // The keys are still fresh: nothing is asked, and nothing is known of it.
      expect(await resultOf(auth, token)).toBe('ok');
      travel(601);
      // The first request past maxAge is served, and causes the refresh.
      expect(await resultOf(auth, token)).toBe('ok');
      await vi.waitFor(() => expect(trusted.keyRequests).toBe(keyRequests + 1));
      elapse(2);
      await vi.waitFor(async () =>
        expect(await resultOf(auth, token)).toBeOneOf(['unknown_key', 'signature']),
      );
      vi.useRealTimers();
    }
  });

  it('is not verified again after a refresh that brought the same key', async () => {
    const auth = instance();
    const token = await readingToken(logto, { expiresIn: 86_400 });
    await auth.verify(token);
    await logto.rotateKeys();
    travel(601);
    await auth.verify(token);
    await vi.waitFor(() => expect(auth.health().issuers[0]?.keyIds).toHaveLength(2));
    await auth.verify(token);
    expect(verifications.count).toBe(1);
  });

  it('of an idle process waits for a refresh, and is refused if its key is gone', async () => {
    const auth = instance();
    const token = await readingToken(logto, { expiresIn: 86_400 });
    const withdrawn = { withdrawn: token, kept: '' };
    await auth.verify(token);
    await logto.rotateKeys({ keepPrevious: false });
    withdrawn.kept = await readingToken(logto, { expiresIn: 86_400 });
    travel(1_201);
    expect(await resultOf(auth, withdrawn.withdrawn)).toBe('unknown_key');
    expect(await resultOf(auth, withdrawn.kept)).toBe('ok');
  });

  it('of an idle process is refused if Logto has other material under its kid', async () => {
    // No Logto does so.
    const issuer = await ownIssuer();
    const auth = instance({ endpoint: issuer.endpoint });
    const token = issuer.token({ claims: { exp: now() + 86_400 } });
    await auth.verify(token);
    issuer.keys = [createSigningKey('ES384', { kid: issuer.key.kid })];
    travel(1_201);
    expect(await resultOf(auth, token)).toBe('signature');
    expect(auth.health().tokenCache.size).toBe(0);
  });

  it('of an idle process is refused if it expires while a key is awaited that Logto has replaced', async () => {
    const issuer = await ownIssuer();
    const auth = instance({ endpoint: issuer.endpoint });
    const token = issuer.token({ claims: { exp: now() + 1_260 } });
    await auth.verify(token);
    issuer.keys = [createSigningKey('ES384', { kid: issuer.key.kid })];
    travel(1_201);
    const { held, release } = issuer.hold();
    const result = resultOf(auth, token);
    await vi.waitFor(() => expect(held).toHaveLength(1));
    travel(65);
    release();
    expect(await result).toBe('expired');
    expect(verifications.count).toBe(1);
  });

  it('of an idle process is known still if its key is still there', async () => {
    const auth = instance();
    const token = await readingToken(logto, { expiresIn: 86_400 });
    await auth.verify(token);
    travel(1_201);
    const cached: unknown[] = [];
    const listen = (message: unknown) => cached.push((message as { cached: boolean }).cached);
    subscribe('express-logto-m2m:authorized', listen);
    expect(await resultOf(auth, token)).toBe('ok');
    unsubscribe('express-logto-m2m:authorized', listen);
    expect(cached).toEqual([true]);
    expect(verifications.count).toBe(1);
  });

  it('makes room at once where its key is gone', async () => {
    const auth = instance();
    const token = await readingToken(logto, { expiresIn: 86_400 });
    await auth.verify(token);
    await logto.rotateKeys({ keepPrevious: false });
    expect(await resultOf(auth, await readingToken(logto))).toBe('ok');
    expect(auth.health().tokenCache.size).toBe(2);
    expect(await resultOf(auth, token)).toBe('unknown_key');
    expect(auth.health().tokenCache.size).toBe(1);
  });
});

it('a cache of no size keeps nothing, and lets go of nothing', () => {
  const cache = new TokenCache(0);
  cache.set('digest', {} as VerifiedToken);
  cache.delete('digest');
  expect(cache.get('digest')).toBeUndefined();
});

describe('what can be told without cryptography', () => {
  async function signedAsIfByHmac(): Promise<string> {
    const issuer = await ownIssuer();
    return issuer.token({ claims: { iss: logto.issuer }, header: { alg: 'HS256' } });
  }

  it.each<[what: string, token: () => string | Promise<string>, reason: string]>([
    ['junk', () => 'garbage', 'not_jwt'],
    ['parts that are no JSON', () => 'AAAA.AAAA.AAAA', 'not_jwt'],
    ['another algorithm', signedAsIfByHmac, 'algorithm'],
    ['another type', () => readingToken(logto, { header: { typ: 'JWT' } }), 'type'],
    [
      'another issuer',
      () => readingToken(logto, { claims: { iss: 'https://other.example/oidc' } }),
      'issuer',
    ],
    ['another audience', () => readingToken(logto, { audience: 'https://other.api' }), 'audience'],
    ['expired', () => readingToken(logto, { expiresIn: -60 }), 'expired'],
    ['not yet valid', () => readingToken(logto, { claims: { nbf: now() + 600 } }), 'not_yet_valid'],
  ])('is refused at once, with no key and no signature check: %s', async (_what, token, reason) => {
    const auth = instance();
    const text = await token();
    expect(await resultOf(auth, text)).toBe(reason);
    let status = 0;
    const res = { setHeader: () => {}, end: () => {} } as unknown as express.Response;
    Object.defineProperty(res, 'statusCode', {
      set: (code: number) => {
        status = code;
      },
    });
    const req = {
      headers: { authorization: `Bearer ${text}` },
      rawHeaders: [],
    } as unknown as express.Request;
    auth.authenticate()(req, res, () => expect.unreachable());
    expect(status).toBe(401);
    expect([verifications.count, logto.keyRequests]).toEqual([0, 0]);
  });
});

describe('a token sent by many at once', () => {
  it.each([{}, { tokenCache: false as const }])(
    'is checked once, and the keys are fetched once: %j',
    async (options) => {
      const auth = instance(options);
      const token = await readingToken(logto);
      const results = await Promise.all(Array.from({ length: 500 }, () => resultOf(auth, token)));
      expect(new Set(results)).toEqual(new Set(['ok']));
      expect(verifications.count).toBe(1);
      expect(logto.keyRequests).toBe(1);
    },
  );

  it('is checked once also when it is forged, and not remembered', async () => {
    const auth = instance();
    const forged = await foreignToken(logto, { header: { kid: await keyIdOf(logto) } });
    const results = await Promise.all(Array.from({ length: 100 }, () => resultOf(auth, forged)));
    expect(new Set(results)).toEqual(new Set(['signature']));
    expect(verifications.count).toBe(1);
    expect(await resultOf(auth, forged)).toBe('signature');
    expect(verifications.count).toBe(2);
    expect(auth.health().tokenCache.size).toBe(0);
  });

  it('meets on each route what that route asks', async () => {
    const auth = instance();
    const app = express();
    const ok: express.RequestHandler = (_req, res) => {
      res.end();
    };
    app.get('/read', auth.requireScopes('read:products'), ok);
    app.get('/write', auth.requireScopes('write:products'), ok);
    app.get('/other', auth.authenticate({ audience: 'https://other.api' }), ok);
    const token = await readingToken(logto);
    const answers = await Promise.all(['/read', '/write', '/other'].map((path) => get(app, path, token)));
    expect(answers.map(({ status }) => status)).toEqual([200, 403, 401]);
    expect(verifications.count).toBe(1);
  });
});

describe('without a cache', () => {
  it('every token is verified each time, and everything else is the same', async () => {
    const auth = instance({ tokenCache: false });
    const token = await readingToken(logto);
    expect([await resultOf(auth, token), await resultOf(auth, token)]).toEqual(['ok', 'ok']);
    expect(verifications.count).toBe(2);
    expect(await resultOf(auth, token, { scopes: ['write:products'] })).toBe('scope');
    expect(auth.health().tokenCache).toEqual({ size: 0, max: 0, hits: 0, misses: 3 });
  });
});

describe('where Node itself cannot check signatures', () => {
  it('nothing is let through, nothing is said of the token, and the place is given back', async () => {
    const auth = instance({ maxPending: 1 });
    const token = await readingToken(logto);
    const failure = new Error('no such digest');
    verifications.failure = failure;
    for (let i = 0; i < 3; i++) {
      await expect(auth.verify(token)).rejects.toBe(failure);
    }
    const app = express();
    app.get('/', auth.authenticate(), (_req, res) => void res.end());
    app.use(((error, _req, res, _next) => {
      res.status(error.status ?? 500).send(error.message);
    }) as express.ErrorRequestHandler);
    expect(await get(app, '/', token)).toMatchObject({ status: 500, text: 'no such digest' });
    verifications.failure = undefined;
    expect(await resultOf(auth, token)).toBe('ok');
  });
});

describe('while a signature is checked', () => {
  /** Holds the checks until the returned function is called. */
  function hold(): () => void {
    let release = () => {};
    verifications.gate = new Promise((resolve) => {
      release = resolve;
    });
    return release;
  }

  it('its key may be withdrawn: then it verifies nothing', async () => {
    const auth = instance();
    await auth.ready();
    const release = hold();
    const result = resultOf(auth, await readingToken(logto));
    await vi.waitFor(() => expect(verifications.count).toBe(1));
    await logto.rotateKeys({ keepPrevious: false });
    // Logto is asked for a key that is not known, and tells of the other one, too.
    expect(await resultOf(auth, await foreignToken(logto))).toBe('unknown_key');
    release();
    expect(await result).toBe('unknown_key');
    expect(auth.health().tokenCache.size).toBe(0);
  });

  it('the token may expire: then it is refused', async () => {
    const auth = instance();
    await auth.ready();
    const release = hold();
    const result = resultOf(auth, await readingToken(logto, { expiresIn: 60 }));
    await vi.waitFor(() => expect(verifications.count).toBe(1));
    travel(70);
    release();
    expect(await result).toBe('expired');
  });
});

it('a token that no key of its kid can have signed is refused at once, also when no place is free', async () => {
  // No Logto signs by one algorithm and names another.
  const issuer = await ownIssuer();
  const auth = instance({ endpoint: issuer.endpoint, maxPending: 1 });
  await auth.ready();
  let release = () => {};
  verifications.gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const waiting = resultOf(auth, issuer.token());
  const misfit = issuer.token({ header: { alg: 'ES256' } });
  expect([await resultOf(auth, issuer.token()), await resultOf(auth, misfit)]).toEqual([
    'overloaded',
    'algorithm',
  ]);
  release();
  expect(await waiting).toBe('ok');
});

it.each(['status', 'allowStale', 'ttl', 'size', 'noUpdateTTL'])(
  'a known token is served where Object.prototype has a %s',
  async (name) => {
    const auth = instance();
    const token = await readingToken(logto);
    const another = await readingToken(logto);
    expect(await resultOf(auth, token)).toBe('ok');
    Object.defineProperty(Object.prototype, name, {
      value: 'x',
      configurable: true,
      enumerable: true,
      writable: true,
    });
    const results = Promise.all([resultOf(auth, token), resultOf(auth, another)]);
    // Not before the other one, too, is in the cache.
    await results.finally(() => Reflect.deleteProperty(Object.prototype, name));
    expect(await results).toEqual(['ok', 'ok']);
    expect(auth.health().tokenCache.size).toBe(2);
  },
);

it('the pending ones are counted down again, whatever came of them', async () => {
  const auth = instance({ maxPending: 2 });
  for (let i = 0; i < 5; i++) {
    expect(await resultOf(auth, await readingToken(logto))).toBe('ok');
    elapse(10);
    expect(await resultOf(auth, await foreignToken(logto))).toBe('unknown_key');
    expect(await resultOf(auth, await foreignToken(logto, { header: { kid: await keyIdOf(logto) } }))).toBe(
      'signature',
    );
  }
  const tokens = await Promise.all(Array.from({ length: 4 }, () => readingToken(logto)));
  const results = await Promise.all(tokens.map((token) => resultOf(auth, token)));
  expect(results).toEqual(['ok', 'ok', 'overloaded', 'overloaded']);
});
