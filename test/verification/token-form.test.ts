import { compactVerify } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { createLogtoAuth, type LogtoAuth } from '../../src/index.js';
import { APP, AUDIENCE, now } from '../support/logto.js';
import { resultOf } from '../support/result.js';
import { createSigningKey, encodePart, signJws } from '../support/signing.js';

const ISSUER = 'https://tenant.logto.example/oidc';
const key = createSigningKey();
const keys = ['ES256', 'ES384', 'ES512', 'RS256', 'PS256'].map((alg) => createSigningKey(alg));
let auth: LogtoAuth;

beforeAll(() => {
  const jwks = { keys: [key, ...keys].map(({ publicJwk }) => publicJwk) };
  auth = createLogtoAuth({ issuers: [{ issuer: ISSUER, jwks }], audience: AUDIENCE });
});

const header = (members = {}) => ({ alg: key.alg, typ: 'at+jwt', kid: key.kid, ...members });
const payload = (members = {}) => ({
  iss: ISSUER,
  aud: AUDIENCE,
  sub: APP,
  client_id: APP,
  iat: now(),
  exp: now() + 60,
  ...members,
});

const reasonOf = (token: string, instance = auth) => resultOf(instance, token);

/** With a valid signature, so that only the form can be wrong. */
const signed = (head: unknown, body: unknown = payload()) => signJws(head, body, key);

describe('the check of the form', () => {
  it('accepts a well-formed token', async () => {
    expect(await reasonOf(signed(header()))).toBe('ok');
  });

  it.each([
    ['no dot', 'abc'],
    ['one dot', 'abc.abc'],
    ['three dots', 'abc.abc.abc.abc'],
    ['an empty header', '.e30.AAAA'],
    ['an empty payload', 'e30..AAAA'],
    ['an empty signature', `${signed(header()).split('.').slice(0, 2).join('.')}.`],
    ['a space around it', ` ${signed(header())}`],
    ['a line break behind it', `${signed(header())}\n`],
    [
      'characters of base64',
      // The same bytes: the encoding of these claims contains both characters that differ.
      signed(header(), payload({ a: '????????', b: '>>>>>>>>' }))
        .replaceAll('_', '/')
        .replaceAll('-', '+'),
    ],
    ['characters beyond ASCII', `${signed(header())}ä`],
  ])('refuses %s', async (_what, token) => {
    expect(await reasonOf(token)).toBe('not_jwt');
  });

  it.each([0, 1, 2])('refuses part %i with padding or with unused bits that are not zero', async (index) => {
    // Spaces make the length of each part one more than a multiple of three.
    const head = JSON.stringify(header());
    const body = JSON.stringify(payload());
    const pad = (text: string) => text + ' '.repeat((4 - (Buffer.byteLength(text) % 3)) % 3);
    const token = signed(pad(head), pad(body));
    expect(await reasonOf(token)).toBe('ok');
    const parts = token.split('.');
    const part = parts[index] as string;
    expect(await reasonOf(parts.with(index, `${part}=`).join('.'))).toBe('not_jwt');
    if (part.length % 4 === 0) return;
    const loose = part.slice(0, -1) + String.fromCharCode(part.charCodeAt(part.length - 1) + 1);
    expect(Buffer.from(loose, 'base64url')).toEqual(Buffer.from(part, 'base64url'));
    expect(await reasonOf(parts.with(index, loose).join('.'))).toBe('not_jwt');
  });

  it('accepts a token of at most 16 KiB', async () => {
    const withFilling = (length: number) => signed(header(), payload({ filling: 'x'.repeat(length) }));
    const over = withFilling(0).length;
    let filling = Math.floor(((16_384 - over) * 3) / 4);
    while (withFilling(filling).length > 16_384) filling -= 1;
    expect(withFilling(filling).length).toBeGreaterThan(16_380);
    expect(await reasonOf(withFilling(filling))).toBe('ok');
    expect(await reasonOf(withFilling(filling + 4))).toBe('not_jwt');
    expect(await reasonOf('x'.repeat(5_000_000))).toBe('not_jwt');
  });

  it.each([
    ['not JSON', 'x'],
    ['an array', '[]'],
    ['null', 'null'],
    ['a string', '"x"'],
    ['a number', '5'],
    ['an unfinished object', '{"alg":"ES384"'],
    ['an object and more', '{} {}'],
    ['a byte order mark first', '\ufeff{}'],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ])('refuses %s as the header or payload', async (_what, part) => {
    expect(await reasonOf(signed(part))).toBe('not_jwt');
    expect(await reasonOf(signed(header(), part))).toBe('not_jwt');
  });

  it.each([
    ['at the top', '"__proto__":{"admin":true}'],
    ['deep inside', '"a":[{"b":{"__proto__":1}}]'],
    ['with escapes', '"\\u005f\\u005fproto\\u005f\\u005f":{}'],
    ['with one escape', '"a":{"__p\\u0072oto__":1}'],
  ])('refuses a __proto__ member %s', async (_where, member) => {
    const withMember = (value: object) => JSON.stringify(value).replace(/}$/, `,${member}}`);
    expect(await reasonOf(signed(withMember(header())))).toBe('not_jwt');
    expect(await reasonOf(signed(header(), withMember(payload())))).toBe('not_jwt');
  });

  it('accepts __proto__ as a value, and escapes elsewhere', async () => {
    expect(
      await reasonOf(
        signed(header(), payload({ a: '__proto__', b: '\u0007', c: { d: '\\u005f' }, e: [null] })),
      ),
    ).toBe('ok');
  });

  it('accepts deeply nested JSON without a stack overflow', async () => {
    const deep = (n: number) =>
      JSON.stringify(payload()).replace(/}$/, `,"deep":${'['.repeat(n)}"\\u0041"${']'.repeat(n)}}`);
    expect(await reasonOf(signed(header(), deep(5_000)))).toBe('ok');
  });
});

it('quotes deeply nested values in hints without a stack overflow', async () => {
  const nested = (n: number) => `${'['.repeat(n)}${']'.repeat(n)}`;
  const put = (value: object, name: string) =>
    JSON.stringify({ ...value, [name]: undefined }).replace(/}$/, `,"${name}":${nested(5_000)}}`);
  expect(await reasonOf(signed(put(header(), 'alg')))).toBe('algorithm');
  expect(await reasonOf(signed(put(header(), 'typ')))).toBe('type');
  expect(await reasonOf(signed(put(header(), 'kid')))).toBe('unknown_key');
  expect(await reasonOf(signed(header(), put(payload(), 'iss')))).toBe('issuer');
  expect(await reasonOf(signed(header(), put(payload(), 'aud')))).toBe('audience');
  expect(await reasonOf(signed(header(), put(payload(), 'scope')))).toBe('claims');
  expect(await reasonOf(signed(header(), put(payload(), 'organization_id')))).toBe('claims');
});

describe('the check of the header', () => {
  it.each([
    undefined,
    null,
    5,
    '',
    'none',
    'None',
    'NONE',
    'HS256',
    'HS384',
    'HS512',
    'es384',
    'EdDSA',
    ['ES384'],
    {},
  ])('refuses alg %j', async (alg) => {
    expect(await reasonOf(signed(header({ alg })))).toBe('algorithm');
  });

  it('refuses an alg of Logto that the option algorithms leaves out', async () => {
    const jwks = { keys: [key.publicJwk] };
    const narrow = createLogtoAuth({
      issuers: [{ issuer: ISSUER, jwks }],
      audience: AUDIENCE,
      algorithms: ['RS256'],
    });
    expect(await reasonOf(signed(header()), narrow)).toBe('algorithm');
  });

  it.each(['held', 'fetched'])(
    'refuses an alg of another curve although its signature is valid, with %s keys',
    async (how) => {
      const fetch = async () => Response.json({ keys: [key.publicJwk] });
      const issuers = [{ issuer: ISSUER }];
      const instance = how === 'held' ? auth : createLogtoAuth({ issuers, audience: AUDIENCE, fetch });
      const token = signJws(header({ alg: 'ES256' }), payload(), { ...key, alg: 'ES256' });
      expect(await reasonOf(token, instance)).toBe('algorithm');
    },
  );

  it.each(['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/AT+jwt'])('accepts typ %j', async (typ) => {
    expect(await reasonOf(signed(header({ typ })))).toBe('ok');
  });

  it.each([
    undefined,
    null,
    '',
    'JWT',
    'jwt',
    'logout+jwt',
    'dpop+jwt',
    'at+jwt ',
    'xat+jwt',
    'text/at+jwt',
    ['at+jwt'],
  ])('refuses typ %j', async (typ) => {
    expect(await reasonOf(signed(header({ typ })))).toBe('type');
  });

  it.each([[['b64']], [['exp']], [[]], [null], ['b64']])('refuses crit %j', async (crit) => {
    expect(await reasonOf(signed(header({ crit, b64: true })))).toBe('not_jwt');
  });

  it('refuses b64, which jose supports', async () => {
    const head = encodePart(header({ b64: false, crit: ['b64'] }));
    expect(await reasonOf(`${head}.e30.AAAA`)).toBe('not_jwt');
  });

  it.each([undefined, null, '', 5, ['x'], {}, 'x'.repeat(257)])('refuses kid %j', async (kid) => {
    expect(await reasonOf(signed(header({ kid })))).toBe('unknown_key');
  });

  it.each(['__proto__', 'constructor', 'toString', '../../etc/passwd', "' OR 1=1 --", '\u0000'])(
    'finds no key for the kid %j',
    async (kid) => {
      expect(await reasonOf(signed(header({ kid })))).toBe('unknown_key');
    },
  );

  it('ignores keys, addresses and certificates in the header', async () => {
    const attacker = createSigningKey();
    const asked: string[] = [];
    const instance = createLogtoAuth({
      issuers: [{ issuer: ISSUER }],
      audience: AUDIENCE,
      fetch: (async (input: string) => {
        asked.push(input);
        return Response.json({ keys: [key.publicJwk] });
      }) as typeof fetch,
    });
    const jku = 'https://attacker.example/jwks';
    const head = header({ jwk: attacker.publicJwk, jku, x5u: jku, x5c: ['MIIB'] });
    expect(await reasonOf(signJws(head, payload(), attacker), instance)).toBe('signature');
    expect(await reasonOf(signJws({ ...head, kid: attacker.kid }, payload(), attacker), instance)).toBe(
      'unknown_key',
    );
    expect(new Set(asked)).toEqual(new Set([`${ISSUER}/jwks`]));
  });
});

describe('the algorithm of a token and its key', () => {
  it.each(keys.map((one) => [one.alg, one] as const))(
    '%s is accepted with a key for that algorithm',
    async (alg, own) => {
      expect(await reasonOf(signJws({ alg, typ: 'at+jwt', kid: own.kid }, payload(), own))).toBe('ok');
    },
  );

  it.each([
    ['RS256', 'ES384'],
    ['ES384', 'RS256'],
    ['ES256', 'ES384'],
    ['ES512', 'ES384'],
    ['PS256', 'ES256'],
  ])('%s is refused with a key for %s', async (alg, of) => {
    const own = keys.find((one) => one.alg === of) as (typeof keys)[number];
    const token = signJws({ alg, typ: 'at+jwt', kid: own.kid }, payload(), own);
    expect(await reasonOf(token)).toBe('algorithm');
  });

  it('an RSA key with an alg accepts that algorithm only', async () => {
    const rsa = createSigningKey('RS256');
    const issuers = [{ issuer: ISSUER, jwks: { keys: [{ ...rsa.publicJwk, alg: 'RS256' }] } }];
    const instance = createLogtoAuth({ issuers, audience: AUDIENCE });
    const asPss = signJws({ alg: 'PS256', typ: 'at+jwt', kid: rsa.kid }, payload(), { ...rsa, alg: 'PS256' });
    expect(await reasonOf(asPss, instance)).toBe('algorithm');
    expect(
      await reasonOf(signJws({ alg: 'RS256', typ: 'at+jwt', kid: rsa.kid }, payload(), rsa), instance),
    ).toBe('ok');
  });

  it('a public key is never used as an HMAC secret', async () => {
    const { createHmac } = await import('node:crypto');
    const rsa = keys.find((one) => one.alg === 'RS256') as (typeof keys)[number];
    const { createPublicKey } = await import('node:crypto');
    const pem = createPublicKey(rsa.privateKey as never).export({ type: 'spki', format: 'pem' });
    const input = `${encodePart({ alg: 'HS256', typ: 'at+jwt', kid: rsa.kid })}.${encodePart(payload())}`;
    const token = `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`;
    expect(await reasonOf(token)).toBe('algorithm');
  });
});

it('jose accepts the same token, with the same payload', async () => {
  const { createPublicKey } = await import('node:crypto');
  const publicKey = createPublicKey({ key: key.publicJwk as never, format: 'jwk' });
  const token = signed(header(), payload({ ä: 'ö' }));
  const { payload: bytes } = await compactVerify(token, publicKey);
  expect(JSON.parse(new TextDecoder().decode(bytes))).toEqual((await auth.verify(token)).claims);
});
