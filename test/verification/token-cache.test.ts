import { createHash } from 'node:crypto';
import express from 'express';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogtoAuth, type LogtoAuth, type LogtoAuthOptions } from '../../src/index.js';
import { TokenCache } from '../../src/verification/token-cache.js';
import { fateOf, travel } from '../support/fate.js';
import { get } from '../support/request.js';
import { createSigningKey } from '../support/signing.js';
import { AUDIENCE, now, TestIssuer } from '../support/test-issuer.js';

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

let issuer: TestIssuer;

beforeEach(async () => {
  issuer = await TestIssuer.start();
  verifications.count = 0;
  verifications.gate = Promise.resolve();
  verifications.failure = undefined;
});
afterEach(async () => {
  vi.useRealTimers();
  await issuer.stop();
});

const instance = (options: LogtoAuthOptions = {}): LogtoAuth =>
  createLogtoAuth({ endpoint: issuer.endpoint, audience: AUDIENCE, ...options });

describe('a token that verified before', () => {
  it('is not verified again', async () => {
    const auth = instance();
    const token = issuer.token();
    for (let i = 0; i < 5; i++) expect(await fateOf(auth, token)).toBe('ok');
    expect(verifications.count).toBe(1);
    expect(auth.health().tokenCache).toMatchObject({ size: 1, hits: 4, misses: 1 });
  });

  it('is known by its SHA-256 digest, and its text is kept nowhere', async () => {
    const set = vi.spyOn(TokenCache.prototype, 'set');
    const token = issuer.token();
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
      ].map((claims) => auth.verify(issuer.token({ claims }))),
    );
    expect(same?.scopes).toBe(first?.scopes);
    expect(same?.audience).toBe(first?.audience);
    expect(first).toMatchObject({ audience: [AUDIENCE], scopes: ['read:products', 'write:products'] });
    expect(other).toMatchObject({ audience: [AUDIENCE, 'write:products'], scopes: ['read:products'] });
  });

  it('takes nobody else’s lists for its own, however they are written', async () => {
    const auth = instance();
    const granting = (scope: string) => issuer.token({ claims: { scope } });
    expect((await auth.verify(granting('a b'))).scopes).toEqual(['a', 'b']);
    // One scope, and a legal one (RFC 6749 section 3.3).
    expect((await auth.verify(granting('a,b'))).scopes).toEqual(['a,b']);
    expect(await fateOf(auth, granting('a,b'), { scopes: ['a'] })).toBe('scope');
  });

  it('keeps very long lists for itself', async () => {
    const auth = instance();
    const scope = Array.from({ length: 200 }, (_, i) => `scope:${i}`).join(' ');
    const [one, two] = [
      await auth.verify(issuer.token({ claims: { scope } })),
      await auth.verify(issuer.token({ claims: { scope } })),
    ];
    expect(one.scopes).toEqual(two.scopes);
    expect(one.scopes).not.toBe(two.scopes);
  });

  it('takes a synchronous way from the header to the handler', async () => {
    const auth = instance();
    const guard = auth.requireScopes('read:products');
    const token = issuer.token();
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
    const token = issuer.token();
    expect(await fateOf(auth, token)).toBe('ok');
    expect(await fateOf(auth, token, { audience: 'https://other.api' })).toBe('audience');
    expect(await fateOf(auth, token, { scopes: ['write:products'] })).toBe('scope');
    expect(await fateOf(auth, token, { organization: 'required' })).toBe('organization');
    expect(await fateOf(auth, token, { organizationToken: { id: 'x' } })).toBe('audience');
    expect(verifications.count).toBe(1);
  });

  it('is refused by an instance that trusts another issuer', async () => {
    const other = await TestIssuer.start();
    const token = issuer.token();
    expect(await fateOf(instance(), token)).toBe('ok');
    expect(await fateOf(instance({ endpoint: other.endpoint }), token)).toBe('issuer');
    await other.stop();
  });

  it('is refused when it is altered', async () => {
    const auth = instance();
    const token = issuer.token();
    expect(await fateOf(auth, token)).toBe('ok');
    const [header, payload, signature = ''] = token.split('.');
    const altered = signature.startsWith('A') ? `B${signature.slice(1)}` : `A${signature.slice(1)}`;
    expect(await fateOf(auth, `${header}.${payload}.${altered}`)).toBe('signature');
  });

  it('is verified again when it was evicted', async () => {
    const auth = instance({ tokenCache: { max: 1 } });
    const [one, two] = [issuer.token(), issuer.token()];
    expect([await fateOf(auth, one), await fateOf(auth, two), await fateOf(auth, one)]).toEqual([
      'ok',
      'ok',
      'ok',
    ]);
    expect(verifications.count).toBe(3);
  });

  it('is refused once Logto has withdrawn its key, and once it has other material under the kid', async () => {
    for (const withdraw of [
      () => issuer.rotate({ keepPrevious: false }),
      () => {
        issuer.keys = [createSigningKey('ES384', { kid: issuer.key.kid })];
      },
    ]) {
      const auth = instance();
      const token = issuer.token({ claims: { exp: now() + 86_400 } });
      expect(await fateOf(auth, token)).toBe('ok');
      const { keyRequests } = issuer;
      withdraw();
      // The keys are still fresh: nothing is asked, and nothing is known of it.
      expect(await fateOf(auth, token)).toBe('ok');
      travel(601);
      // The first request past maxAge is served, and causes the refresh.
      expect(await fateOf(auth, token)).toBe('ok');
      await vi.waitFor(() => expect(issuer.keyRequests).toBe(keyRequests + 1));
      await vi.waitFor(async () => expect(await fateOf(auth, token)).toBeOneOf(['unknown_key', 'signature']));
      vi.useRealTimers();
    }
  });

  it('is not verified again after a refresh that brought the same key', async () => {
    const auth = instance();
    const token = issuer.token({ claims: { exp: now() + 86_400 } });
    await auth.verify(token);
    issuer.rotate();
    travel(601);
    await auth.verify(token);
    await vi.waitFor(() => expect(auth.health().issuers[0]?.keyIds).toHaveLength(2));
    await auth.verify(token);
    expect(verifications.count).toBe(1);
  });

  it('of an idle process waits for a refresh, and is refused if its key is gone', async () => {
    const auth = instance();
    const token = issuer.token({ claims: { exp: now() + 86_400 } });
    const withdrawn = { withdrawn: token, kept: '' };
    await auth.verify(token);
    issuer.rotate({ keepPrevious: false });
    withdrawn.kept = issuer.token({ claims: { exp: now() + 86_400 } });
    travel(1_201);
    expect(await fateOf(auth, withdrawn.withdrawn)).toBe('unknown_key');
    expect(await fateOf(auth, withdrawn.kept)).toBe('ok');
  });
});

describe('what can be told without cryptography', () => {
  it.each([
    ['junk', () => 'garbage', 'not_jwt'],
    ['parts that are no JSON', () => 'AAAA.AAAA.AAAA', 'not_jwt'],
    ['another algorithm', () => issuer.token({ header: { alg: 'HS256' } }), 'algorithm'],
    ['another type', () => issuer.token({ header: { typ: 'JWT' } }), 'type'],
    ['another issuer', () => issuer.token({ claims: { iss: 'https://other.example/oidc' } }), 'issuer'],
    ['another audience', () => issuer.token({ claims: { aud: 'https://other.api' } }), 'audience'],
    ['expired', () => issuer.token({ claims: { exp: now() - 60 } }), 'expired'],
    ['not yet valid', () => issuer.token({ claims: { nbf: now() + 600 } }), 'not_yet_valid'],
  ])('is refused at once, with no key and no signature check: %s', async (_what, token, reason) => {
    const auth = instance();
    const text = token();
    expect(await fateOf(auth, text)).toBe(reason);
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
    expect([verifications.count, issuer.keyRequests]).toEqual([0, 0]);
  });
});

describe('a token sent by many at once', () => {
  it.each([{}, { tokenCache: false as const }])(
    'is checked once, and the keys are fetched once: %j',
    async (options) => {
      const auth = instance(options);
      const token = issuer.token();
      const fates = await Promise.all(Array.from({ length: 500 }, () => fateOf(auth, token)));
      expect(new Set(fates)).toEqual(new Set(['ok']));
      expect(verifications.count).toBe(1);
      expect(issuer.keyRequests).toBe(1);
    },
  );

  it('is checked once also when it is forged, and not remembered', async () => {
    const auth = instance();
    const forged = issuer.token({ key: createSigningKey('ES384', { kid: issuer.key.kid }) });
    const fates = await Promise.all(Array.from({ length: 100 }, () => fateOf(auth, forged)));
    expect(new Set(fates)).toEqual(new Set(['signature']));
    expect(verifications.count).toBe(1);
    expect(await fateOf(auth, forged)).toBe('signature');
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
    const token = issuer.token();
    const answers = await Promise.all(['/read', '/write', '/other'].map((path) => get(app, path, token)));
    expect(answers.map(({ status }) => status)).toEqual([200, 403, 401]);
    expect(verifications.count).toBe(1);
  });
});

describe('without a cache', () => {
  it('every token is verified each time, and everything else is the same', async () => {
    const auth = instance({ tokenCache: false });
    const token = issuer.token();
    expect([await fateOf(auth, token), await fateOf(auth, token)]).toEqual(['ok', 'ok']);
    expect(verifications.count).toBe(2);
    expect(await fateOf(auth, token, { scopes: ['write:products'] })).toBe('scope');
    expect(auth.health().tokenCache).toEqual({ size: 0, max: 0, hits: 0, misses: 3 });
  });
});

describe('where Node itself cannot check signatures', () => {
  it('nothing is let through, nothing is said of the token, and the place is given back', async () => {
    const auth = instance({ maxPending: 1 });
    const token = issuer.token();
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
    expect(await fateOf(auth, token)).toBe('ok');
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
    const fate = fateOf(auth, issuer.token());
    await vi.waitFor(() => expect(verifications.count).toBe(1));
    issuer.rotate({ keepPrevious: false });
    // Logto is asked for a key that is not known, and tells of the other one, too.
    expect(await fateOf(auth, issuer.token({ key: createSigningKey() }))).toBe('unknown_key');
    release();
    expect(await fate).toBe('unknown_key');
    expect(auth.health().tokenCache.size).toBe(0);
  });

  it('the token may expire: then it is refused', async () => {
    const auth = instance();
    await auth.ready();
    const release = hold();
    const fate = fateOf(auth, issuer.token({ claims: { exp: now() + 60 } }));
    await vi.waitFor(() => expect(verifications.count).toBe(1));
    travel(70);
    release();
    expect(await fate).toBe('expired');
  });
});

it('a token that no key of its kid can have signed is refused at once, also when no place is free', async () => {
  const auth = instance({ maxPending: 1 });
  await auth.ready();
  let release = () => {};
  verifications.gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const waiting = fateOf(auth, issuer.token());
  const misfit = issuer.token({ header: { alg: 'ES256' } });
  expect([await fateOf(auth, issuer.token()), await fateOf(auth, misfit)]).toEqual([
    'overloaded',
    'algorithm',
  ]);
  release();
  expect(await waiting).toBe('ok');
});

it('the pending ones are counted down again, whatever came of them', async () => {
  const auth = instance({ maxPending: 2 });
  for (let i = 0; i < 5; i++) {
    expect(await fateOf(auth, issuer.token())).toBe('ok');
    expect(await fateOf(auth, issuer.token({ key: createSigningKey() }))).toBe('unknown_key');
    expect(
      await fateOf(auth, issuer.token({ key: createSigningKey('ES384', { kid: issuer.key.kid }) })),
    ).toBe('signature');
  }
  const tokens = Array.from({ length: 4 }, () => issuer.token());
  const fates = await Promise.all(tokens.map((token) => fateOf(auth, token)));
  expect(fates).toEqual(['ok', 'ok', 'overloaded', 'overloaded']);
});
