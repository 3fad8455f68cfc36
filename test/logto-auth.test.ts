import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AuthError, createLogtoAuth } from '../src/index.js';
import { createSigningKey } from './support/signing.js';
import { AUDIENCE, now, TestIssuer } from './support/test-issuer.js';

let issuer: TestIssuer;
let other: TestIssuer;

beforeEach(async () => {
  issuer = await TestIssuer.start();
  other = await TestIssuer.start('RS256');
});
afterEach(() => Promise.all([issuer.stop(), other.stop()]));

describe('ready and health', () => {
  it('say first that nothing is known, then what is', async () => {
    const auth = createLogtoAuth({ endpoint: issuer.endpoint, audience: AUDIENCE });
    const tokenCache = { size: 0, max: 10_000, hits: 0, misses: 0 };
    expect(auth.health()).toEqual({
      ready: false,
      issuers: [{ issuer: issuer.issuer, keyIds: [], stale: false }],
      tokenCache,
    });
    expect(issuer.keyRequests).toBe(0);
    await auth.ready();
    const fetchedAt = expect.closeTo(now(), -1);
    expect(auth.health()).toEqual({
      ready: true,
      issuers: [{ issuer: issuer.issuer, keyIds: [issuer.key.kid], stale: false, fetchedAt }],
      tokenCache,
    });
    await auth.ready();
    expect(issuer.keyRequests).toBe(1);
  });

  it('need the keys of every issuer', async () => {
    await other.goDown();
    const auth = createLogtoAuth({ endpoint: [issuer.endpoint, other.endpoint], audience: AUDIENCE });
    const error = await auth.ready().catch((thrown) => thrown);
    expect(error).toBeInstanceOf(AuthError);
    expect(error).toMatchObject({ status: 503, reason: 'keys_unavailable' });
    expect(error.hint).toContain(other.issuer);
    expect(error.hint).toContain('ECONNREFUSED');
    const health = auth.health();
    expect(health.ready).toBe(false);
    expect(health.issuers).toEqual([
      expect.objectContaining({ issuer: issuer.issuer, keyIds: [issuer.key.kid] }),
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

  it('count hits and misses, and hold no more tokens than they may', async () => {
    const auth = createLogtoAuth({ endpoint: issuer.endpoint, audience: AUDIENCE, tokenCache: { max: 2 } });
    const tokens = [issuer.token(), issuer.token(), issuer.token()];
    for (const token of tokens) await auth.verify(token);
    await auth.verify(tokens[2] as string);
    expect(auth.health().tokenCache).toEqual({ size: 2, max: 2, hits: 1, misses: 3 });
  });
});

describe('several issuers', () => {
  it('each vouch for their own tokens alone', async () => {
    const auth = createLogtoAuth({ endpoint: [issuer.endpoint, other.endpoint], audience: AUDIENCE });
    await expect(auth.verify(issuer.token())).resolves.toMatchObject({ issuer: issuer.issuer });
    await expect(auth.verify(other.token())).resolves.toMatchObject({ issuer: other.issuer });
    const crossed = issuer.token({ claims: { iss: other.issuer } });
    await expect(auth.verify(crossed)).rejects.toMatchObject({ reason: 'unknown_key' });
    const sameKid = createSigningKey('RS256', { kid: other.key.kid });
    await expect(auth.verify(other.token({ key: sameKid }))).rejects.toMatchObject({ reason: 'signature' });
  });

  it('do not suffer from the outage of another', async () => {
    await other.goDown();
    const auth = createLogtoAuth({ endpoint: [issuer.endpoint, other.endpoint], audience: AUDIENCE });
    await expect(auth.verify(issuer.token())).resolves.toBeDefined();
    await expect(auth.verify(other.token())).rejects.toMatchObject({ reason: 'keys_unavailable' });
  });

  it('may have their keys at another address, or pinned', async () => {
    const auth = createLogtoAuth({
      audience: AUDIENCE,
      issuers: [
        { issuer: 'https://public.example/oidc', jwksUri: `${issuer.endpoint}/oidc/jwks` },
        { issuer: 'https://pinned.example/oidc', jwks: { keys: [other.key.publicJwk] } },
      ],
    });
    const reached = issuer.token({ claims: { iss: 'https://public.example/oidc' } });
    await expect(auth.verify(reached)).resolves.toBeDefined();
    const pinned = { claims: { iss: 'https://pinned.example/oidc' } };
    await expect(auth.verify(other.token(pinned))).resolves.toBeDefined();
    await expect(auth.verify(issuer.token(pinned))).rejects.toMatchObject({ reason: 'unknown_key' });
    expect(other.keyRequests).toBe(0);
    expect(auth.health()).toMatchObject({
      ready: true,
      issuers: [{}, { keyIds: [other.key.kid], stale: false }],
    });
  });
});

it('reaches Logto by the fetch that was given, and by nothing else', async () => {
  const asked: string[] = [];
  const auth = createLogtoAuth({
    endpoint: 'https://tenant.logto.example',
    audience: AUDIENCE,
    fetch: (async (input: string) => {
      asked.push(input);
      return Response.json({ keys: [issuer.key.publicJwk] });
    }) as typeof fetch,
  });
  await expect(
    auth.verify(issuer.token({ claims: { iss: 'https://tenant.logto.example/oidc' } })),
  ).resolves.toBeDefined();
  expect(asked).toEqual(['https://tenant.logto.example/oidc/jwks']);
});
