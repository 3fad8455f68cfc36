import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isKeyId, keysFromJwks, keysToJwks, VerificationKey } from '../../src/keys/verification-key.js';
import { createSigningKey } from '../support/signing.js';

const ec = createSigningKey('ES384', { kid: 'ec' }).publicJwk;
const rsa = createSigningKey('RS256', { kid: 'rsa' }).publicJwk;
const RSA_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const ALL = ['ES256', 'ES384', 'ES512', ...RSA_ALGORITHMS];

function jwkOf(type: 'ec' | 'ed25519', options: object = {}): object {
  const generate = generateKeyPairSync as (type: string, options: object) => { publicKey: KeyObject };
  return { ...generate(type, options).publicKey.export({ format: 'jwk' }), kid: 'key' };
}

/** The key of this JWK; undefined if it is ignored. */
function keyOf(jwk: unknown): VerificationKey | undefined {
  const key = VerificationKey.fromJwk(jwk);
  return typeof key === 'string' ? undefined : key;
}

/** The algorithms that the key of this JWK can check; undefined if it is ignored. */
function algorithmsOf(jwk: object): string[] | undefined {
  const key = keyOf(jwk);
  return key && [...ALL, 'HS256', 'none'].filter((alg) => key.fits(alg));
}

describe('a key', () => {
  it.each<[what: string, jwk: object, algorithms: string[]]>([
    ['an EC key', ec, ['ES384']],
    ['an EC key without alg', { ...ec, alg: undefined }, ['ES384']],
    ['an RSA key', rsa, RSA_ALGORITHMS],
    ['an RSA key with alg', { ...rsa, alg: 'PS256' }, ['PS256']],
    ['a key without use', { ...ec, use: undefined }, ['ES384']],
    ['a key with operations', { ...ec, key_ops: ['sign', 'verify'] }, ['ES384']],
    ['a P-256 key', createSigningKey('ES256').publicJwk, ['ES256']],
    ['a P-521 key', createSigningKey('ES512').publicJwk, ['ES512']],
  ])('checks the algorithms that its type, curve and alg allow: %s', (_what, jwk, algorithms) => {
    expect(algorithmsOf(jwk)).toEqual(algorithms);
  });

  const noAlgorithm = (kty: string, alg?: string) =>
    `its algorithm is not supported: kty "${kty}", alg ${alg === undefined ? alg : `"${alg}"`}`;
  const weakExponent = 'its RSA exponent is not an odd number above 65536';
  const withExponent = (e: number) => ({
    ...rsa,
    e: Buffer.from(e.toString(16).padStart(6, '0'), 'hex').toString('base64url'),
  });

  it.each<[what: string, jwk: unknown, why: string]>([
    ['not an object', 'x', 'it is not an object'],
    ['null', null, 'it is not an object'],
    ['a list', Object.assign([], ec), 'it is not an object'],
    ['a key without kid', { ...ec, kid: undefined }, 'its kid is not a string of 1 to 256 characters'],
    ['an encryption key', { ...ec, use: 'enc' }, 'its use is "enc", not "sig"'],
    ['operations without verify', { ...ec, key_ops: ['sign'] }, 'its key_ops do not include "verify"'],
    ['operations that are not a list', { ...ec, key_ops: 'verify' }, 'its key_ops do not include "verify"'],
    ['operations that are null', { ...ec, key_ops: null }, 'its key_ops do not include "verify"'],
    [
      'a private key',
      { ...ec, d: undefined },
      'it is a private key; a key set must contain only public keys',
    ],
    ["another curve's alg", { ...ec, alg: 'ES256' }, noAlgorithm('EC', 'ES256')],
    ["another type's alg", { ...ec, alg: 'RS256' }, noAlgorithm('EC', 'RS256')],
    ['an RSA key with an alg of EC', { ...rsa, alg: 'ES384' }, noAlgorithm('RSA', 'ES384')],
    ['an RSA key for encryption', { ...rsa, alg: 'RSA-OAEP' }, noAlgorithm('RSA', 'RSA-OAEP')],
    ['a key of another type', { ...ec, kty: 'OKP' }, noAlgorithm('OKP', 'ES384')],
    [
      'a key of an unsupported curve',
      { ...jwkOf('ec', { namedCurve: 'secp256k1' }), alg: undefined },
      noAlgorithm('EC'),
    ],
    ['a key of an unsupported type', { ...jwkOf('ed25519'), alg: undefined }, noAlgorithm('OKP')],
    ['a key without y', { ...ec, y: undefined }, 'it is not a valid public key'],
    [
      'an RSA key of 2,040 bits',
      createSigningKey('RS256', { bits: 2040 }).publicJwk,
      'it is an RSA key of 2040 bits, and 2048 are needed',
    ],
    ['an RSA key with exponent 1', withExponent(1), weakExponent],
    ['an RSA key with exponent 3', withExponent(3), weakExponent],
    ['an RSA key with the largest odd exponent below 2^16', withExponent(65_535), weakExponent],
    ['an RSA key with exponent 2^16', withExponent(65_536), weakExponent],
    ['an RSA key with an even exponent', withExponent(65_538), weakExponent],
  ])('is ignored: %s', (_what, jwk, why) => {
    expect(VerificationKey.fromJwk(jwk)).toBe(why);
  });

  it.each([65_537, 65_539, 0xff_ff_ff])('can be an RSA key with the exponent %i', (e) => {
    expect(algorithmsOf(withExponent(e))).toEqual(RSA_ALGORITHMS);
  });

  it('is exported with nothing but its key material, its kid and its alg', () => {
    const published = (jwk: object) => keyOf({ ...jwk, x5c: ['x'], nbf: 1 })?.toJwk();
    expect(published(ec)).toEqual(ec);
    expect(published(rsa)).toEqual(rsa);
    expect(published({ ...rsa, alg: 'RS512' })).toEqual({ ...rsa, alg: 'RS512' });
  });

  it('equals a key with the same material and algorithms, whatever its kid', () => {
    const equal = (a: object, b: object) => keyOf(a)?.equals(keyOf(b) as VerificationKey);
    expect(equal(rsa, { ...rsa, kid: 'other' })).toBe(true);
    expect(equal(rsa, { ...rsa, alg: 'RS256' })).toBe(false);
    expect(equal(ec, createSigningKey('ES384', { kid: 'ec' }).publicJwk)).toBe(false);
  });
});

it.each([
  ['', false],
  ['x', true],
  ['x'.repeat(256), true],
  ['x'.repeat(257), false],
  [['x'], false],
  [undefined, false],
])('a kid is a string of 1 to 256 characters: %j', (kid, expected) => {
  expect(isKeyId(kid)).toBe(expected);
});

describe('a key set', () => {
  const named = (count: number) => Array.from({ length: count }, (_, i) => ({ ...ec, kid: `key-${i}` }));

  it('may hold at most 100 keys', () => {
    expect(keysFromJwks({ keys: named(100) }).keys.size).toBe(100);
    expect(() => keysFromJwks({ keys: named(101) })).toThrow('it has more than 100 keys');
  });

  it('must be an object with a list of keys, at least one of them usable', () => {
    for (const none of [undefined, null, 'x', [], {}, { keys: {} }, Object.assign([], { keys: [ec] })]) {
      expect(() => keysFromJwks(none)).toThrow('it is not a JWK Set');
    }
    for (const keys of [[], [5], [{ ...ec, use: 'enc' }]]) {
      expect(() => keysFromJwks({ keys })).toThrow('it has no key that can verify a signature');
    }
  });

  it('keeps the first of two keys with the same kid', () => {
    const { keys, ignored } = keysFromJwks({ keys: [ec, { ...rsa, kid: 'ec' }, rsa] });
    expect(keysToJwks(keys)).toEqual({ keys: [ec, rsa] });
    expect(ignored).toEqual([{ keyId: 'ec', reason: 'an earlier key has the same kid' }]);
  });

  it('lists the reason for each ignored key, and throws them in one line if none is usable', () => {
    const enc = { ...ec, kid: `enc${'\u202e'.repeat(150)}`, use: 'enc' };
    const ignored = [
      { keyId: `enc${'\u202e'.repeat(97)}`, reason: 'its use is "enc", not "sig"' },
      { reason: 'it is not an object' },
    ];
    expect(keysFromJwks({ keys: [enc, 5, ec] }).ignored).toEqual(ignored);
    const none = 'it has no key that can verify a signature';
    const because = 'it is not an object';
    expect(() => keysFromJwks({ keys: [] })).toThrow(new Error(none));
    expect(() => keysFromJwks({ keys: [5] })).toThrow(new Error(`${none} (null: ${because})`));
    expect(() => keysFromJwks({ keys: [5, 6, 7] })).toThrow(
      new Error(`${none} (null: ${because}; null: ${because}; null: ${because})`),
    );
    expect(() => keysFromJwks({ keys: [{ ...ec, use: 'enc' }, 5, 6, 7] })).toThrow(
      'it has no key that can verify a signature ("ec": its use is "enc", not "sig"; null: it is not an object; null: it is not an object; …)',
    );
  });
});
