import { constants, generateKeyPairSync, KeyObject, type SigningOptions, sign, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { VerificationKey } from '../../src/keys/verification-key.js';
import { keyInputs } from '../../src/verification/key-input.js';

const data = Buffer.from('data');
const PS: SigningOptions = {
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
};
const kinds: [what: string, parameters: SigningOptions, pair: ReturnType<typeof generateKeyPairSync>][] = [
  ['ECDSA', { dsaEncoding: 'ieee-p1363' }, generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['PSS', PS, generateKeyPairSync('rsa', { modulusLength: 2048 })],
];

function keyOf({ publicKey }: ReturnType<typeof generateKeyPairSync>): VerificationKey {
  const key = VerificationKey.fromJwk({ kid: 'key', ...publicKey.export({ format: 'jwk' }) });
  if (typeof key === 'string') throw new Error(`The test has no usable key: ${key}.`);
  return key;
}

describe.each([
  ['Node', { node: '24.0.0' }, true],
  ['Bun', { node: '24.0.0', bun: '1.3.0' }, false],
  ['Deno', { node: '24.0.0', deno: '2.5.0' }, false],
])('for %s', (_runtime, versions, isKeyObject) => {
  it.each(kinds)('a key for %s checks signatures with its parameters', (_what, parameters, pair) => {
    const input = keyInputs(parameters, versions)(keyOf(pair));
    const signature = sign('sha256', data, { key: pair.privateKey, ...parameters });
    expect(verify('sha256', data, input, signature)).toBe(true);
    expect(verify('sha256', Buffer.from('other'), input, signature)).toBe(false);
  });

  it('the parameters are where the runtime reads them, and no option of Node is inherited', () => {
    const [, parameters, pair] = kinds[0] as (typeof kinds)[0];
    const input = keyInputs(parameters, versions)(keyOf(pair));
    expect(input instanceof KeyObject).toBe(isKeyObject);
    expect(input).toHaveProperty('dsaEncoding', 'ieee-p1363');
    const isOwn = (name: string) => Object.hasOwn(input, name) || !(Object.getPrototypeOf(input) ?? false);
    expect(['dsaEncoding', 'padding', 'saltLength', 'context'].filter((name) => !isOwn(name))).toEqual([]);
  });

  it('the input for a key is created once', () => {
    const of = keyInputs(PS, versions);
    const key = keyOf((kinds[1] as (typeof kinds)[0])[2]);
    expect(of(key)).toBe(of(key));
  });
});

it('the default runtime is that of this process', () => {
  const [, parameters, pair] = kinds[0] as (typeof kinds)[0];
  expect(keyInputs(parameters)(keyOf(pair))).toBeInstanceOf(KeyObject);
});
