import { createHash } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import express from 'express';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogtoAuth, type LogtoAuth, type LogtoAuthOptions } from '../../src/index.js';
import type { TestLogto } from '../../src/testing/index.js';
import { TokenCache, type VerifiedToken } from '../../src/verification/token-cache.js';
import { eventually } from '../support/eventually.js';
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

// The real check with a counter and a gate, since a running check cannot be observed from outside.
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

describe('a token that was verified before', () => {
  it('is not verified again', async () => {
    const auth = instance();
    const token = await readingToken(logto);
    for (let i = 0; i < 5; i++) expect(await resultOf(auth, token)).toBe('ok');
    expect(verifications.count).toBe(1);
    expect(auth.health().tokenCache).toMatchObject({ size: 1, hits: 4, misses: 1 });
  });

  it('is cached under its SHA-256 digest, and the cache contains no part of its text', async () => {
    const set = vi.spyOn(TokenCache.prototype, 'set');
    const token = await readingToken(logto);
    await instance().verify(token);
    const [[digest, entry]] = set.mock.calls as [[string, object]];
    expect(Buffer.from(digest, 'latin1')).toEqual(createHash('sha256').update(token).digest());
    const kept = JSON.stringify([digest, { ...entry, keySource: undefined }]);
    for (const part of token.split('.')) expect(kept).not.toContain(part);
    set.mockRestore();
  });

  it('shares its lists with tokens that have equal lists, and with no others', async () => {
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

  it('does not share a list with a different one that looks alike as text', async () => {
    const auth = instance();
    const granting = (scopes: string) => logto.issueToken({ scopes });
    expect((await auth.verify(await granting('a b'))).scopes).toEqual(['a', 'b']);
    // This is one valid scope (RFC 6749 section 3.3).
    expect((await auth.verify(await granting('a,b'))).scopes).toEqual(['a,b']);
    expect(await resultOf(auth, await granting('a,b'), { scopes: ['a'] })).toBe('scope');
  });

  it('does not share very long lists', async () => {
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
    [', also with isRevoked', { isRevoked: () => false }],
  ])('reaches the handler synchronously%s', async (_what, options) => {
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

  it('is refused for another audience, another permission and another organization rule', async () => {
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

  it('is verified again after it was evicted', async () => {
    const auth = instance({ tokenCache: { max: 1 } });
    const [one, two] = [await readingToken(logto), await readingToken(logto)];
    expect([await resultOf(auth, one), await resultOf(auth, two), await resultOf(auth, one)]).toEqual([
      'ok',
      'ok',
      'ok',
    ]);
    expect(verifications.count).toBe(3);
  });

  it('is refused once Logto withdraws its key or has other material under its kid', async () => {
    // Logto never does the latter.
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
      // The keys are still fresh, so they are not requested and the change is not noticed.
      expect(await resultOf(auth, token)).toBe('ok');
      travel(601);
      // The first request past maxAge is accepted and starts the refresh.
      expect(await resultOf(auth, token)).toBe('ok');
      await eventually(() => expect(trusted.keyRequests).toBe(keyRequests + 1));
      elapse(2);
      await eventually(async () =>
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
    await eventually(() => expect(auth.health().issuers[0]?.keyIds).toHaveLength(2));
    await auth.verify(token);
    expect(verifications.count).toBe(1);
  });

  it('waits for a refresh after an idle period, and is refused if its key is gone', async () => {
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

  it('is refused after an idle period if Logto has other material under its kid', async () => {
    // Logto never does this.
    const issuer = await ownIssuer();
    const auth = instance({ endpoint: issuer.endpoint });
    const token = issuer.token({ claims: { exp: now() + 86_400 } });
    await auth.verify(token);
    issuer.keys = [createSigningKey('ES384', { kid: issuer.key.kid })];
    travel(1_201);
    expect(await resultOf(auth, token)).toBe('signature');
    expect(auth.health().tokenCache.size).toBe(0);
  });

  it('is refused after an idle period if it expires while it waits for a refresh', async () => {
    const issuer = await ownIssuer();
    const auth = instance({ endpoint: issuer.endpoint });
    const token = issuer.token({ claims: { exp: now() + 1_260 } });
    await auth.verify(token);
    issuer.keys = [createSigningKey('ES384', { kid: issuer.key.kid })];
    travel(1_201);
    const { held, release } = issuer.hold();
    const result = resultOf(auth, token);
    await eventually(() => expect(held).toHaveLength(1));
    travel(65);
    release();
    expect(await result).toBe('expired');
    expect(verifications.count).toBe(1);
  });

  it('is still cached after an idle period if its key is still there', async () => {
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

  it('is removed from the cache at once if its key is gone', async () => {
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

it('a cache of size 0 stores nothing and has nothing to delete', () => {
  const cache = new TokenCache(0);
  cache.set('digest', {} as VerifiedToken);
  cache.delete('digest');
  expect(cache.get('digest')).toBeUndefined();
});

describe('a token that fails a check before the signature', () => {
  async function signedAsIfByHmac(): Promise<string> {
    const issuer = await ownIssuer();
    return issuer.token({ claims: { iss: logto.issuer }, header: { alg: 'HS256' } });
  }

  it.each<[what: string, token: () => string | Promise<string>, reason: string]>([
    ['junk', () => 'garbage', 'not_jwt'],
    ['parts that are not JSON', () => 'AAAA.AAAA.AAAA', 'not_jwt'],
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
  ])(
    'is refused at once, without a key request and without a signature check: %s',
    async (_what, token, reason) => {
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
    },
  );
});

describe('a token that many requests send at once', () => {
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

  it('is checked once even if it is forged, and is not cached', async () => {
    const auth = instance();
    const forged = await foreignToken(logto, { header: { kid: await keyIdOf(logto) } });
    const results = await Promise.all(Array.from({ length: 100 }, () => resultOf(auth, forged)));
    expect(new Set(results)).toEqual(new Set(['signature']));
    expect(verifications.count).toBe(1);
    expect(await resultOf(auth, forged)).toBe('signature');
    expect(verifications.count).toBe(2);
    expect(auth.health().tokenCache.size).toBe(0);
  });

  it('is checked on each route against the requirements of that route', async () => {
    const auth = instance();
    const app = express();
    const ok: express.RequestHandler = (_req, res) => {
      res.end();
    };
    app.get('/read', auth.requireScopes('read:products'), ok);
    app.get('/write', auth.requireScopes('write:products'), ok);
    app.get('/other', auth.authenticate({ audience: 'https://other.api' }), ok);
    const token = await readingToken(logto);
    const responses = await Promise.all(['/read', '/write', '/other'].map((path) => get(app, path, token)));
    expect(responses.map(({ status }) => status)).toEqual([200, 403, 401]);
    expect(verifications.count).toBe(1);
  });
});

describe('without a cache', () => {
  it('every token is verified each time, and the other checks stay the same', async () => {
    const auth = instance({ tokenCache: false });
    const token = await readingToken(logto);
    expect([await resultOf(auth, token), await resultOf(auth, token)]).toEqual(['ok', 'ok']);
    expect(verifications.count).toBe(2);
    expect(await resultOf(auth, token, { scopes: ['write:products'] })).toBe('scope');
    expect(auth.health().tokenCache).toEqual({ size: 0, max: 0, hits: 0, misses: 3 });
  });
});

describe('if Node itself cannot check signatures', () => {
  it('each request fails with the error of Node and no longer counts as pending', async () => {
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

describe('during the signature check', () => {
  /** Holds the checks until the returned function is called. */
  function hold(): () => void {
    let release = () => {};
    verifications.gate = new Promise((resolve) => {
      release = resolve;
    });
    return release;
  }

  it('a token is refused if its key is withdrawn', async () => {
    const auth = instance();
    await auth.ready();
    const release = hold();
    const result = resultOf(auth, await readingToken(logto));
    await eventually(() => expect(verifications.count).toBe(1));
    await logto.rotateKeys({ keepPrevious: false });
    // An unknown key id causes a fetch, which shows that the other key was withdrawn.
    expect(await resultOf(auth, await foreignToken(logto))).toBe('unknown_key');
    release();
    expect(await result).toBe('unknown_key');
    expect(auth.health().tokenCache.size).toBe(0);
  });

  it('a token is refused if it expires', async () => {
    const auth = instance();
    await auth.ready();
    const release = hold();
    const result = resultOf(auth, await readingToken(logto, { expiresIn: 60 }));
    await eventually(() => expect(verifications.count).toBe(1));
    travel(70);
    release();
    expect(await result).toBe('expired');
  });
});

it('a token whose alg does not fit its key is refused at once, even if maxPending is reached', async () => {
  // Logto never signs with one algorithm and names another.
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
  'a cached token is accepted if Object.prototype has a member %s',
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
    // The member is removed once the other token is cached, too.
    await results.finally(() => Reflect.deleteProperty(Object.prototype, name));
    expect(await results).toEqual(['ok', 'ok']);
    expect(auth.health().tokenCache.size).toBe(2);
  },
);

it('a request no longer counts as pending once it ends, whatever its result', async () => {
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
