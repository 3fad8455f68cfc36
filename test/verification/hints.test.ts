import { beforeAll, describe, expect, it, vi } from 'vitest';
import { AuthError, createLogtoAuth, type LogtoAuthOptions, type VerifyOptions } from '../../src/index.js';
import { APP, AUDIENCE } from '../support/logto.js';
import { createSigningKey, encodePart, signJws } from '../support/signing.js';

const ISSUER = 'https://tenant.logto.example/oidc';
const OTHER = 'https://other.logto.example/oidc';
const NOW = 2_000_000_000;
const key = createSigningKey('ES384', { kid: 'first' });
const second = createSigningKey('ES256', { kid: 'second' });

beforeAll(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW * 1000 + 999 });
  return () => vi.useRealTimers();
});

const instanceWith = (options: Partial<LogtoAuthOptions> = {}) =>
  createLogtoAuth({
    issuers: [
      { issuer: ISSUER, jwks: { keys: [key.publicJwk, second.publicJwk] } },
      { issuer: OTHER, jwks: { keys: [key.publicJwk] } },
    ],
    audience: AUDIENCE,
    algorithms: ['ES384', 'ES256'],
    ...options,
  });

const auth = instanceWith();

const header = (members = {}) => ({ alg: key.alg, typ: 'at+jwt', kid: key.kid, ...members });
const payload = (claims = {}) => ({
  iss: ISSUER,
  aud: AUDIENCE,
  sub: APP,
  client_id: APP,
  iat: NOW,
  exp: NOW + 60,
  scope: 'read:products read:orders',
  ...claims,
});
const signed = (head: unknown, body: unknown) => signJws(head, body, key);

/** The reason for a refusal, as the operator reads it. */
async function hintOf(token: string, options?: VerifyOptions, instance = auth): Promise<string | undefined> {
  const error = await instance.verify(token, options).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(AuthError);
  return error.hint;
}

describe('the hint explains', () => {
  it.each([
    [
      'a text that is not a JWT',
      'abc',
      'The token does not consist of three base64url parts separated by dots. For verify(), pass it without "Bearer".',
    ],
    ['an invalid header', signed('x', payload()), "The token's header is not a JSON object."],
    ['an invalid payload', signed(header(), 'x'), "The token's payload is not a JSON object."],
    ['a token that is too long', 'x'.repeat(16_385), 'The token is longer than 16 KiB.'],
    [
      'a text of the maximum length that is not a JWT',
      'x'.repeat(16_384),
      'The token does not consist of three base64url parts separated by dots. For verify(), pass it without "Bearer".',
    ],
    [
      'a crit header',
      signed(header({ crit: ['b64'] }), payload()),
      "The token's header has `crit`, which is not supported.",
    ],
    [
      'an alg that is not accepted',
      signed(header({ alg: 'RS256' }), payload()),
      'The token\'s alg is "RS256"; accepted: ES384, ES256.',
    ],
    [
      'an alg that does not fit the key',
      signed(header({ alg: 'ES256' }), payload()),
      'The token\'s alg is "ES256", which its key "first" does not support.',
    ],
    [
      'a wrong type',
      signed(header({ typ: 'JWT' }), payload()),
      'The token\'s typ is "JWT"; it must be "at+jwt". Is it an ID token?',
    ],
    [
      'an invalid kid',
      signed(header({ kid: 5 }), payload()),
      "The token's kid is 5; it must be a string of 1 to 256 characters.",
    ],
    [
      'an unknown key id',
      signed(header({ kid: 'third' }), payload()),
      `The token's kid is "third"; the keys of ${ISSUER} are "first", "second".`,
    ],
    [
      'an unknown issuer',
      signed(header(), payload({ iss: 'https://x' })),
      `The token's iss is "https://x"; it must be exactly "${ISSUER}" or "${OTHER}".`,
    ],
    [
      'an invalid signature',
      signed(header(), payload()).replace(/\.[^.]*\./, `.${encodePart(payload({ sub: 'x' }))}.`),
      'The signature was not made by the issuer\'s key "first", or the token was altered.',
    ],
    [
      'an expired token',
      signed(header(), payload({ exp: NOW - 5 })),
      "The token's exp is 1999999995, and the local time is 2000000000 (clockTolerance 5).",
    ],
    [
      'a token that is not yet valid',
      signed(header(), payload({ nbf: NOW + 6 })),
      "The token's nbf is 2000000006, and the local time is 2000000000 (clockTolerance 5): compare the clocks.",
    ],
    [
      'a token that is bound to a key',
      signed(header(), payload({ cnf: {} })),
      'The token has a cnf claim (RFC 7800): it requires proof of a key, for example by DPoP or mTLS.',
    ],
    [
      'the token of a user',
      signed(header(), payload({ sub: 'user-1' })),
      "The token's sub is a user, not its client_id. machineOnly: false accepts such tokens.",
    ],
  ])('%s', async (_what, token, hint) => {
    expect(await hintOf(token)).toBe(hint);
  });

  it.each([
    ['sub', '', '""', 'a non-empty string'],
    ['client_id', undefined, 'missing', 'a non-empty string'],
    [
      'aud',
      [AUDIENCE, 5],
      `["${AUDIENCE}",5]`,
      'a string or a list of strings, with no "urn:logto:" value beside another',
    ],
    ['exp', '1', '"1"', 'a number of seconds since 1970'],
    ['iat', undefined, 'missing', 'a number of seconds since 1970'],
    ['nbf', null, 'null', 'a number of seconds since 1970'],
    ['scope', ['a'], '["a"]', 'a string, or absent'],
    ['organization_id', 5, '5', 'a non-empty string, or absent'],
  ])('the claim %s with the value %j', async (name, value, received, needed) => {
    const hint = await hintOf(signed(header(), payload({ [name]: value })));
    expect(hint).toBe(`The token's ${name} is ${received}; it must be ${needed}.`);
  });

  it('a wrong audience, and lists the accepted ones', async () => {
    const token = signed(header(), payload({ aud: ['https://a.example', 'https://b.example'] }));
    const received = 'The token\'s aud is ["https://a.example","https://b.example"]';
    expect(await hintOf(token)).toBe(`${received}; it must be exactly "${AUDIENCE}".`);
    expect(await hintOf(token, { audience: [AUDIENCE, 'https://c.example'] })).toBe(
      `${received}; it must be exactly "${AUDIENCE}" or "https://c.example".`,
    );
    expect(await hintOf(token, { organizationToken: { id: 'o-1' } })).toBe(
      `${received}; it must be that of an organization token: request one with organization_id and without resource.`,
    );
  });

  it.each<[what: string, held: string | undefined, options: VerifyOptions, hint: string]>([
    [
      'a token of an organization on a route without a rule',
      'o-1',
      {},
      'The token is limited to the organization "o-1", but no organization is allowed here. ' +
        'Set the `organization` option of the guard or of verify().',
    ],
    [
      'a token without an organization where one is required',
      undefined,
      { organization: 'required' },
      'The token is for no organization: request it with organization_id.',
    ],
    [
      'a token without an organization for a request about one',
      undefined,
      { organization: { id: 'o-1' } },
      'The token is for no organization; it must be for "o-1".',
    ],
    [
      'a token of another organization',
      'o-2',
      { organization: { id: 'o-1' } },
      'The token is for the organization "o-2"; it must be for "o-1".',
    ],
    [
      'a request without an organization id',
      'o-1',
      { organization: { id: '' } },
      'The required organization is "", which is not an organization id.',
    ],
  ])('an organization mismatch: %s', async (_what, held, options, hint) => {
    expect(await hintOf(signed(header(), payload({ organization_id: held })), options)).toBe(hint);
  });

  it('missing scopes, and lists no others', async () => {
    const token = signed(header(), payload());
    const fix = 'Did the app request it, and does an M2M role of the app grant it?';
    expect(await hintOf(token, { scopes: ['write:orders', 'read:products', 'write:products'] })).toBe(
      `The token lacks write:orders write:products; it has "read:products read:orders". ${fix}`,
    );
    expect(await hintOf(token, { anyScope: ['write:orders', 'write:products'] })).toBe(
      `The token has none of write:orders write:products; it has "read:products read:orders". ${fix}`,
    );
  });

  it('a revoked token', async () => {
    const instance = instanceWith({ isRevoked: () => true });
    expect(await hintOf(signed(header(), payload()), {}, instance)).toBe('isRevoked returned true.');
  });
});

describe('hints', () => {
  it('say what a request waits for and how many requests wait', async () => {
    const instance = instanceWith({
      issuers: [{ issuer: ISSUER }],
      fetch: () => new Promise(() => {}),
      jwksCache: { timeout: 0.1 },
      maxPending: 1,
    });
    const waiting = hintOf(signed(header(), payload()), {}, instance);
    expect(await hintOf(signed(header(), payload()), {}, instance)).toBe(
      '1 requests are already waiting: see maxPending.',
    );
    expect(await waiting).toBe(
      `The keys of ${ISSUER} are not available: ${ISSUER}/jwks: no complete response arrived in time.`,
    );
  });

  it('name no cause if only the timeout is known', async () => {
    const instance = instanceWith({
      issuers: [{ issuer: ISSUER }],
      fetch: () => new Promise(() => {}),
      // The result of a refresh is known only after the store has responded, too.
      jwksCache: { timeout: 0.1, store: { get: () => new Promise(() => {}), set: async () => {} } },
    });
    expect(await hintOf(signed(header(), payload()), {}, instance)).toBe(
      `The keys of ${ISSUER} are not available: no response arrived in time.`,
    );
  });

  it('name at most ten keys of the issuer', async () => {
    const keys = Array.from({ length: 12 }, (_, i) => ({ ...key.publicJwk, kid: `key-${i}` }));
    const instance = instanceWith({ issuers: [{ issuer: ISSUER, jwks: { keys } }] });
    const hint = await hintOf(signed(header(), payload()), {}, instance);
    expect(hint).toMatch(/ are "key-0", .*, "key-9"\.$/);
  });
});
