import { constants, createPublicKey, generateKeyPair, hash, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { bare, own } from '../util/own.js';

/** A key of the issuer, with its public key as Logto publishes it. */
export interface SigningKey {
  readonly alg: string;
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicJwk: object;
}

interface Algorithm {
  readonly hash: string;
  /** The curve of an EC key; undefined for RSA. */
  readonly curve: string | undefined;
  /** The options for creating and encoding the signature (RFC 7518 sections 3.3 to 3.5). */
  readonly options: { dsaEncoding?: 'ieee-p1363'; padding?: number; saltLength?: number };
}

const ecdsa = (hash: string, curve: string): Algorithm => ({
  hash,
  curve,
  options: { dsaEncoding: 'ieee-p1363' },
});
const ALGORITHMS: Readonly<Record<string, Algorithm>> = {
  ES256: ecdsa('sha256', 'P-256'),
  ES384: ecdsa('sha384', 'P-384'),
  ES512: ecdsa('sha512', 'P-521'),
  RS256: { hash: 'sha256', curve: undefined, options: { padding: constants.RSA_PKCS1_PADDING } },
  PS256: {
    hash: 'sha256',
    curve: undefined,
    options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
  },
};

const algorithmOf = (alg: string): Algorithm => own(ALGORITHMS, alg) as Algorithm;
const generate = promisify(generateKeyPair);

/**
 * Generates a key asynchronously: an RSA key takes up to a second, an EC key a millisecond or two. RSA keys have 2048
 * bits; Logto's have 4096, which take several times as long.
 */
export async function createSigningKey(alg: string): Promise<SigningKey> {
  const { curve } = algorithmOf(alg);
  const { privateKey } =
    curve === undefined
      ? await generate('rsa', bare({ modulusLength: 2048 }))
      : await generate('ec', bare({ namedCurve: curve }));
  return toSigningKey(alg, privateKey);
}

/** Identifies a key as Logto does: its `kid` is its thumbprint (RFC 7638). */
export function toSigningKey(alg: string, privateKey: KeyObject): SigningKey {
  const { kty, crv, e, n, x, y } = bare(createPublicKey(privateKey).export(bare({ format: 'jwk' as const })));
  // In alphabetical order, as the thumbprint requires. Members that this key type lacks are omitted.
  const jwk = { crv, e, kty, n, x, y };
  const kid = hash('sha256', JSON.stringify(jwk), 'base64url');
  // In Logto, EC keys have an `alg`, and RSA keys do not.
  const members = { kty, use: 'sig', kid, alg: kty === 'EC' ? alg : undefined, crv, x, y, e, n };
  const publicJwk = Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
  return { alg, kid, privateKey, publicJwk };
}

/** Signs a JWT (RFC 7519) in JWS Compact Serialization (RFC 7515 section 7.1). Undefined members are omitted. */
export function signJwt(
  header: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>>,
  { alg, privateKey }: SigningKey,
): string {
  const { hash: digest, options } = algorithmOf(alg);
  const input = `${encode({ ...header, alg })}.${encode(claims)}`;
  const signature = sign(digest, Buffer.from(input), bare({ key: privateKey, ...options }));
  return `${input}.${signature.toString('base64url')}`;
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
