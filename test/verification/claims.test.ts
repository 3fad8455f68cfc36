import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createLogtoAuth, type LogtoAuth } from '../../src/index.js';
import { APP, AUDIENCE, now } from '../support/logto.js';
import { resultOf as resultOfToken } from '../support/result.js';
import { createSigningKey, signJws } from '../support/signing.js';

const ISSUER = 'https://tenant.logto.example/oidc';
const key = createSigningKey();
let auth: LogtoAuth;

beforeAll(() => {
  auth = instanceWith({});
});
afterEach(() => {
  vi.useRealTimers();
});

function instanceWith(options: { clockTolerance?: number; maxTokenAge?: number }): LogtoAuth {
  return createLogtoAuth({
    issuers: [{ issuer: ISSUER, jwks: { keys: [key.publicJwk] } }],
    audience: AUDIENCE,
    ...options,
  });
}

function tokenWith(claims: Record<string, unknown> | string, signer = key): string {
  const usual = { iss: ISSUER, aud: AUDIENCE, sub: APP, client_id: APP, iat: now(), exp: now() + 60 };
  const payload =
    typeof claims === 'string' ? JSON.stringify(usual).replace(/}$/, `,${claims}}`) : { ...usual, ...claims };
  return signJws({ alg: key.alg, typ: 'at+jwt', kid: key.kid }, payload, signer);
}

const resultOf = (token: string, instance = auth) => resultOfToken(instance, token);

describe('required claims', () => {
  it.each([
    ...['sub', 'client_id'].flatMap((name) =>
      [undefined, null, '', 5, {}, ['x'], true].map((value) => [name, value]),
    ),
    ...['exp', 'iat'].flatMap((name) => [undefined, null, '1', {}, [1], true].map((value) => [name, value])),
    ['iat', -1],
    ...[null, '1', '9999999999', {}, -1].map((value) => ['nbf', value]),
    ...[null, 5, {}, ['read:products'], true].map((value) => ['scope', value]),
    ...[null, 5, {}, ['j-1'], true].map((value) => ['jti', value]),
    ...[null, '', 5, {}, ['x'], true].map((value) => ['organization_id', value]),
    ...[undefined, null, 5, {}, true].map((value) => ['aud', value]),
  ])('refuses %s with the value %j', async (name, value) => {
    expect(await resultOf(tokenWith({ [name as string]: value }))).toBe('claims');
  });

  it.each([
    ['a time past the year 9999', '"iat":253402300800'],
    ['an infinite time', '"iat":1e999'],
    ['an expiry in milliseconds', `"exp":${Date.now() + 60_000}`],
  ])('refuses %s', async (_what, member) => {
    expect(await resultOf(tokenWith(member))).toBe('claims');
  });

  it('accepts the last second of the year 9999', async () => {
    expect(await resultOf(tokenWith('"exp":253402300799'))).toBe('ok');
  });

  it('accepts claims that custom-claims scripts add', async () => {
    expect(await resultOf(tokenWith({ plan: 'gold', roles: ['x'], constructor: 1, nbf: now() }))).toBe('ok');
    expect(await resultOf(tokenWith({ nbf: 0 }))).toBe('ok');
  });

  it.each([undefined, null, 5, '', ['https://tenant.logto.example/oidc'], {}])(
    'refuses iss with the value %j',
    async (iss) => {
      expect(await resultOf(tokenWith({ iss }))).toBe('issuer');
    },
  );

  it.each([
    `${ISSUER}/`,
    ISSUER.toUpperCase(),
    ISSUER.replace('/oidc', ''),
    ISSUER.replace('https', 'http'),
    `${ISSUER}#`,
    'https://tenant.logto.example@evil.example/oidc',
    'https://tenant.logto.example.evil.example/oidc',
  ])('refuses an issuer that resembles the trusted one: %s', async (iss) => {
    expect(await resultOf(tokenWith({ iss }))).toBe('issuer');
  });

  it.each([null, {}, { jkt: 'x' }, { 'x5t#S256': 'x' }, false])(
    'refuses a token that is bound to a key: cnf %j',
    async (cnf) => {
      expect(await resultOf(tokenWith({ cnf }))).toBe('sender_constrained');
    },
  );
});

describe('the audience', () => {
  it.each<[unknown, string]>([
    [AUDIENCE, 'ok'],
    [[AUDIENCE], 'ok'],
    [['https://other.api', AUDIENCE], 'ok'],
    [[], 'audience'],
    ['', 'audience'],
    [`${AUDIENCE}/`, 'audience'],
    [AUDIENCE.toUpperCase(), 'audience'],
    ['https://shopping.ap', 'audience'],
    [`${AUDIENCE}.evil.example`, 'audience'],
    [['https://other.api'], 'audience'],
    [[AUDIENCE, 5], 'claims'],
    [[AUDIENCE, null], 'claims'],
    [[AUDIENCE, 'urn:logto:organization:x'], 'claims'],
    [[AUDIENCE, 'urn:logto:resource:organizations'], 'claims'],
    ['urn:logto:organization:x', 'audience'],
    ['urn:logto:resource:organizations', 'audience'],
  ])('%j: %s', async (aud, result) => {
    expect(await resultOf(tokenWith({ aud }))).toBe(result);
  });
});

describe('the audience of an organization token', () => {
  it.each<[unknown, string]>([
    ['urn:logto:organization:o-1', 'ok'],
    [['urn:logto:organization:o-1'], 'ok'],
    ['urn:logto:organization:', 'claims'],
    [['urn:logto:organization:'], 'claims'],
    [['urn:logto:organization:o-1', 'urn:logto:organization:o-2'], 'claims'],
    [[AUDIENCE, 'urn:logto:organization:o-1'], 'claims'],
    [[5, 'urn:logto:organization:o-1'], 'claims'],
    [AUDIENCE, 'audience'],
    ['urn:logto:resource:organizations', 'audience'],
  ])('%j: %s', async (aud, result) => {
    const options = { organizationToken: { id: 'o-1' } };
    expect(await resultOfToken(auth, tokenWith({ aud }), options)).toBe(result);
  });
});

describe('the check of times', () => {
  const at = (seconds: number) => {
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime(seconds * 1000);
  };

  it.each([0, 5, 0.5, 300])(
    'refuses a token from %d s (clockTolerance) after exp, new or cached',
    async (clockTolerance) => {
      const instance = instanceWith({ clockTolerance });
      const end = 2_000_000_000;
      const token = tokenWith({ exp: end, iat: end - 60 });
      const last = Math.ceil(end + clockTolerance) - 0.001;
      at(last);
      expect(await resultOf(token, instance)).toBe('ok');
      expect(await resultOf(token, instance)).toBe('ok');
      at(Math.ceil(end + clockTolerance));
      expect(await resultOf(token, instance)).toBe('expired');
      expect(await resultOf(token, instanceWith({ clockTolerance }))).toBe('expired');
    },
  );

  it.each([0, 5])(
    'accepts a token from %d s (clockTolerance) before nbf, new or cached',
    async (clockTolerance) => {
      const instance = instanceWith({ clockTolerance });
      const start = 2_000_000_000;
      const token = tokenWith({ nbf: start, iat: start, exp: start + 60 });
      at(start - clockTolerance - 0.001);
      expect(await resultOf(token, instance)).toBe('not_yet_valid');
      at(start - clockTolerance);
      expect(await resultOf(token, instance)).toBe('ok');
      at(start - clockTolerance - 0.001);
      expect(await resultOf(token, instance)).toBe('not_yet_valid');
    },
  );

  it.each([
    [60, 0],
    [60, 5],
    [0.5, 0],
    [3_600, 300],
  ])(
    'refuses a token older than %d s (maxTokenAge) plus %d s (clockTolerance), new or cached',
    async (maxTokenAge, clockTolerance) => {
      const instance = instanceWith({ maxTokenAge, clockTolerance });
      const start = 2_000_000_000;
      const token = tokenWith({ iat: start, exp: start + 86_400 });
      const end = start + Math.floor(maxTokenAge + clockTolerance);
      at(end + 0.999);
      expect(await resultOf(token, instance)).toBe('ok');
      expect(await resultOf(token, instance)).toBe('ok');
      at(end + 1);
      expect(await resultOf(token, instance)).toBe('expired');
      expect(await resultOf(token, instanceWith({ maxTokenAge, clockTolerance }))).toBe('expired');
      expect(await resultOf(token, instanceWith({ clockTolerance }))).toBe('ok');
    },
  );

  it('accepts a token from clockTolerance before iat if maxTokenAge is set, new or cached', async () => {
    const instance = instanceWith({ maxTokenAge: 60, clockTolerance: 5 });
    const start = 2_000_000_000;
    const token = tokenWith({ iat: start, exp: start + 60 });
    at(start - 5.001);
    expect(await resultOf(token, instance)).toBe('not_yet_valid');
    expect(await resultOf(token, instanceWith({}))).toBe('ok');
    at(start - 5);
    expect(await resultOf(token, instance)).toBe('ok');
    at(start - 5.001);
    expect(await resultOf(token, instance)).toBe('not_yet_valid');
  });

  it('refuses an iat that is not a number as an invalid claim', async () => {
    for (const iat of ['soon', '1', null, undefined, {}]) {
      expect(await resultOf(tokenWith({ iat }), instanceWith({ maxTokenAge: 60 }))).toBe('claims');
    }
  });

  it('explains a refusal by maxTokenAge with the iat of the token', async () => {
    const instance = instanceWith({ maxTokenAge: 60 });
    const start = 2_000_000_000;
    at(start + 100);
    const hintOf = async (iat: number) =>
      (await instance.verify(tokenWith({ iat, exp: start + 3_600 })).catch((error) => error)).hint;
    expect(await hintOf(start)).toBe(
      `The token's iat is ${start}, and the local time is ${start + 100} (maxTokenAge 60, clockTolerance 5).`,
    );
    expect(await hintOf(start + 200)).toBe(
      `The token's iat is ${start + 200}, and the local time is ${start + 100} (clockTolerance 5): compare the clocks.`,
    );
  });

  it('comes before the check of the signature, and so does that of the audience', async () => {
    const forger = createSigningKey();
    expect(await resultOf(tokenWith({ exp: now() - 60 }, forger))).toBe('expired');
    expect(await resultOf(tokenWith({ nbf: now() + 60 }, forger))).toBe('not_yet_valid');
    expect(await resultOf(tokenWith({ aud: 'https://other.api' }, forger))).toBe('audience');
    // The other claims are checked only after the signature.
    expect(await resultOf(tokenWith({ sub: undefined }, forger))).toBe('signature');
    expect(await resultOf(tokenWith({ exp: 'soon' }, forger))).toBe('signature');
  });
});

describe('hints', () => {
  it('quote the received value and cut it after a hundred characters', async () => {
    const error = await auth.verify(tokenWith({ iss: `a"\n${'x'.repeat(500)}` })).catch((thrown) => thrown);
    expect(error.hint).toContain(`"a\\"\\n${'x'.repeat(97)}…"`);
    expect(error.hint).not.toContain('x'.repeat(98));
    expect(error.message).not.toContain('xxx');
  });
});
