import { createHash, createPublicKey, verify } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import express, { type Express } from 'express';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createApp } from '../../example-server/app.js';
import {
  type AccessToken,
  type AuthorizedMessage,
  createLogtoAuth,
  type DeniedMessage,
  getAuth,
  type LogtoAuthOptions,
} from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { AUDIENCE, now } from '../support/logto.js';
import { get } from '../support/request.js';
import { elapse, travel } from '../support/result.js';
import { createSigningKey } from '../support/signing.js';
import { TestIssuer } from '../support/test-issuer.js';
import { withNumbers, withPart } from './forging.js';
import { ORGANIZATION } from './lab.js';

const DENIED = 'express-logto-m2m:denied';
const AUTHORIZED = 'express-logto-m2m:authorized';

let logto: TestIssuer;
/** The guards' decision about the last request. */
let said = '';
const onDenied = (message: unknown) => {
  said = (message as DeniedMessage).error.reason;
};
const onAuthorized = (message: unknown) => {
  said = (message as AuthorizedMessage).cached ? 'cached' : 'new';
};

beforeEach(async () => {
  logto = await TestIssuer.start();
  subscribe(DENIED, onDenied);
  subscribe(AUTHORIZED, onAuthorized);
});
afterEach(async () => {
  vi.useRealTimers();
  unsubscribe(DENIED, onDenied);
  unsubscribe(AUTHORIZED, onAuthorized);
  await logto.goDown();
});

const authOf = (options: LogtoAuthOptions = {}) =>
  createLogtoAuth({
    audience: AUDIENCE,
    ...(options.issuers === undefined && { endpoint: logto.endpoint }),
    ...options,
  });
/** The example's API with its own, empty caches. */
const shop = (options: LogtoAuthOptions = {}): Express => createApp(authOf(options));

/** Sends one request, and returns its status and the guards' decision. */
async function outcome(app: Express, token: string, path = '/products'): Promise<string> {
  said = '';
  const { status } = await get(app, path, token);
  return `${status} ${said}`;
}

describe('a cached token', () => {
  it('is checked against the rules of each route', async () => {
    const app = shop();
    const token = logto.token();
    expect(await outcome(app, token)).toBe('200 new');
    expect(await outcome(app, token)).toBe('200 cached');
    expect(await outcome(app, token, '/orders/daily?date=2026-01-01')).toBe('403 scope');
    expect(await outcome(app, token, `/organizations/${ORGANIZATION}/products`)).toBe('403 organization');
    expect(await outcome(app, token, `/organizations/${ORGANIZATION}/reports`)).toBe('401 audience');
    expect(await outcome(app, token)).toBe('200 cached');
  });

  it('does not make a changed text of it valid', async () => {
    const app = shop();
    const token = logto.token();
    expect(await outcome(app, token)).toBe('200 new');
    const broken = withPart(token, 2, (signature) => `${signature.slice(0, -4)}AAAA`);
    expect(await outcome(app, broken)).toBe('401 signature');
    expect(await outcome(app, `${token}=`)).toBe('401 not_jwt');
    expect(await outcome(app, token)).toBe('200 cached');
  });

  it('is refused once its expiry and the clock tolerance have passed', async () => {
    const app = shop();
    const token = logto.token({ claims: { exp: now() + 60 } });
    expect(await outcome(app, token)).toBe('200 new');
    travel(63);
    expect(await outcome(app, token)).toBe('200 cached');
    travel(3);
    expect(await outcome(app, token)).toBe('401 expired');
  });

  it('is refused once isRevoked returns true, with both forms of its signature', async () => {
    const revoked = new Set<string | undefined>();
    const app = shop({ isRevoked: ({ jwtId }) => revoked.has(jwtId) });
    const token = logto.token({ claims: { jti: 'stolen' } });
    const twin = withNumbers(token, 'ES384', (r, s, n) => [r, n - s]);
    expect(await outcome(app, token)).toBe('200 new');
    revoked.add('stolen');
    expect(await outcome(app, token)).toBe('401 revoked');
    expect(await outcome(app, twin)).toBe('401 revoked');
  });

  it('is refused once its key is withdrawn', async () => {
    const app = shop();
    const token = logto.token();
    expect(await outcome(app, token)).toBe('200 new');
    logto.rotate({ keepPrevious: false });
    expect(await outcome(app, token)).toBe('200 cached');
    expect(await outcome(app, logto.token())).toBe('200 new');
    expect(await outcome(app, token)).toBe('401 unknown_key');
  });

  it('is refused once its kid identifies other key material', async () => {
    const app = shop();
    const token = logto.token();
    expect(await outcome(app, token)).toBe('200 new');
    logto.keys = [createSigningKey('ES384'), createSigningKey('ES384', { kid: logto.key.kid })];
    expect(await outcome(app, logto.token())).toBe('200 new');
    expect(await outcome(app, token)).toBe('401 signature');
  });

  it('is not evicted by forged tokens', async () => {
    const app = shop({ tokenCache: { max: 2 } });
    const forger = createSigningKey('ES384', { kid: logto.key.kid });
    const token = logto.token();
    expect(await outcome(app, token)).toBe('200 new');
    for (let i = 0; i < 50; i++)
      expect(await outcome(app, logto.token({ key: forger }))).toBe('401 signature');
    expect(await outcome(app, token)).toBe('200 cached');
  });
});

describe('a refused token', () => {
  it('is accepted once it becomes valid, since refusals are not cached', async () => {
    const app = shop();
    const token = logto.token({ claims: { nbf: now() + 60 } });
    expect(await outcome(app, token)).toBe('401 not_yet_valid');
    travel(61);
    expect(await outcome(app, token)).toBe('200 new');
  });

  it('is accepted once its key is published', async () => {
    const app = shop();
    const next = createSigningKey();
    const token = logto.token({ key: next });
    expect(await outcome(app, token)).toBe('401 unknown_key');
    logto.keys.push(next);
    elapse(3);
    expect(await outcome(app, token)).toBe('200 new');
  });
});

it('a token that anybody can forge, with an RSA key of exponent 1, is refused', async () => {
  const { publicJwk } = createSigningKey('RS256');
  const weak = { ...publicJwk, e: 'AQ', kid: 'weak' };
  const [header = '', claims = ''] = logto.token({ header: { alg: 'RS256', kid: 'weak' } }).split('.');
  // With exponent 1 the signature equals the padded digest (RFC 8017 section 9.2).
  const digest = createHash('sha256').update(`${header}.${claims}`).digest('hex');
  const info = `003031300d060960864801650304020105000420${digest}`;
  const signature = Buffer.from(`0001${'ff'.repeat(256 - 2 - info.length / 2)}${info}`, 'hex');
  const forged = `${header}.${claims}.${signature.toString('base64url')}`;
  // OpenSSL itself accepts it.
  const key = createPublicKey({ key: weak, format: 'jwk' });
  expect(verify('sha256', Buffer.from(`${header}.${claims}`), key, signature)).toBe(true);
  logto.answer = (res) => res.end(JSON.stringify({ keys: [logto.key.publicJwk, weak] }));
  expect(await outcome(shop(), forged)).toBe('401 unknown_key');
});

describe('a token that is being verified', () => {
  it('is refused if it expires while the keys are being fetched', async () => {
    const app = shop();
    const token = logto.token({ claims: { exp: now() + 60 } });
    const { held, release } = logto.hold();
    const awaited = outcome(app, token);
    await eventually(() => expect(held).toHaveLength(1));
    travel(66);
    release();
    expect(await awaited).toBe('401 expired');
  });

  it('is refused if it expires while isRevoked is pending', async () => {
    let decide = (_answer: boolean): void => {};
    const app = shop({ isRevoked: () => new Promise<boolean>((resolve) => (decide = resolve)) });
    const awaited = outcome(app, logto.token({ claims: { exp: now() + 60 } }));
    const first = decide;
    await eventually(() => expect(decide).not.toBe(first));
    travel(66);
    decide(false);
    expect(await awaited).toBe('401 expired');
  });

  it('is refused if its key is withdrawn while isRevoked is pending', async () => {
    const decisions: ((answer: boolean) => void)[] = [];
    const app = shop({ isRevoked: () => new Promise<boolean>((resolve) => decisions.push(resolve)) });
    const awaited = outcome(app, logto.token());
    await eventually(() => expect(decisions).toHaveLength(1));
    logto.rotate({ keepPrevious: false });
    elapse(2);
    const rotated = get(app, '/products', logto.token()).then(({ status }) => status);
    await eventually(() => expect(decisions).toHaveLength(2));
    decisions[1]?.(false);
    expect(await rotated).toBe(200);
    decisions[0]?.(false);
    expect(await awaited).toBe('401 unknown_key');
  });

  it('waits for the keys if fewer than maxPending wait, else gets 503 and no handler runs', async () => {
    const app = shop({ maxPending: 5 });
    const { held, release } = logto.hold();
    const all = Array.from({ length: 20 }, () => get(app, '/products', logto.token()).then((r) => r));
    await eventually(() => expect(held).toHaveLength(1));
    // The first response is for a request that did not wait.
    const first = await Promise.race(all);
    expect(first.status).toBe(503);
    expect(first.body.error).toBe('temporarily_unavailable');
    release();
    const statuses = (await Promise.all(all)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200, 503]));
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(5);
    expect(await outcome(app, logto.token())).toBe('200 new');
  });
});

describe('a token that one instance accepted', () => {
  it('is refused by an instance for another API', async () => {
    const token = logto.token();
    expect(await outcome(shop(), token)).toBe('200 new');
    expect(await outcome(shop({ audience: 'https://billing.api' }), token)).toBe('401 audience');
  });

  it('is refused by an instance that trusts another Logto', async () => {
    const other = await TestIssuer.start();
    const token = logto.token();
    expect(await outcome(shop(), token)).toBe('200 new');
    expect(await outcome(shop({ endpoint: other.endpoint }), token)).toBe('401 issuer');
    await other.goDown();
  });

  it('is refused by an instance with another key of the same kid', async () => {
    const token = logto.token();
    expect(await outcome(shop(), token)).toBe('200 new');
    const imposter = createSigningKey('ES384', { kid: logto.key.kid });
    const issuers = [{ issuer: logto.issuer, jwks: { keys: [imposter.publicJwk] } }];
    expect(await outcome(shop({ issuers }), token)).toBe('401 signature');
  });

  it('is refused by an instance created after its key was withdrawn', async () => {
    const token = logto.token();
    expect(await outcome(shop(), token)).toBe('200 new');
    logto.rotate({ keepPrevious: false });
    expect(await outcome(shop(), token)).toBe('401 unknown_key');
  });
});

describe('a handler that changes req.auth', () => {
  /** An app with a guard, the given code, and a guard that requires another permission. */
  function shopWith(code: (req: express.Request) => void): Express {
    const { requireScopes } = authOf();
    return express()
      .use(requireScopes('read:products'), (req, _res, next) => {
        code(req);
        next();
      })
      .get('/auth', (req, res) => res.json(getAuth(req)))
      .get('/products', requireScopes('write:products'), (_req, res) => res.json({}));
  }

  it.each<[string, (auth: AccessToken) => unknown]>([
    ['it adds a scope', ({ scopes }) => (scopes as string[]).push('write:products')],
    ['it replaces the scopes', (auth) => Object.assign(auth, { scopes: ['write:products'] })],
    ['it changes a claim', ({ claims }) => Object.assign(claims, { scope: 'write:products' })],
    ['it extends the expiry', (auth) => Object.assign(auth, { expiresAt: 9e9 })],
    ['it replaces the prototype', (auth) => Object.setPrototypeOf(auth, { admin: true })],
  ])('gets a TypeError if %s, and the cached token is unchanged', async (_what, change) => {
    const app = shopWith((req) => {
      expect(() => change(req.auth as AccessToken)).toThrow(TypeError);
    });
    const token = logto.token();
    const before = (await get(app, '/auth', token)).body;
    expect(await outcome(app, token)).toBe('403 scope');
    const after = (await get(app, '/auth', token)).body;
    expect(after).toEqual(before);
    expect(after.scopes).toEqual(['read:products']);
  });

  it('gains no permission by replacing it, and getAuth still returns the verified token', async () => {
    const app = shopWith((req) => {
      Object.assign(req, { auth: { scopes: ['read:products', 'write:products'], isMachine: true } });
    });
    const token = logto.token();
    expect(await outcome(app, token)).toBe('403 scope');
    expect((await get(app, '/auth', token)).body.scopes).toEqual(['read:products']);
  });
});
