import { constants, createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** A key pair of an issuer, with the public key as Logto publishes it. */
export interface SigningKey {
  readonly alg: string;
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicJwk: Record<string, unknown>;
}

const CURVES: Record<string, string> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

/** Creates a key as Logto does: its kid is a hash of the key, and an EC key has an `alg`, but an RSA key does not. */
export function createSigningKey(
  alg = 'ES384',
  { kid, bits = 2048 }: { kid?: string; bits?: number } = {},
): SigningKey {
  const curve = CURVES[alg];
  const { privateKey, publicKey } =
    curve === undefined
      ? generateKeyPairSync('rsa', { modulusLength: bits })
      : generateKeyPairSync('ec', { namedCurve: curve });
  const jwk = publicKey.export({ format: 'jwk' }) as Record<string, unknown>;
  const id = kid ?? createHash('sha256').update(JSON.stringify(jwk)).digest('base64url');
  const publicJwk = { ...jwk, use: 'sig', kid: id, ...(curve !== undefined && { alg }) };
  return { alg, kid: id, privateKey, publicJwk };
}

/** Signs any header and payload, including invalid ones that a library would refuse. */
export function signJws(
  header: unknown,
  payload: unknown,
  key: Pick<SigningKey, 'alg' | 'privateKey'>,
): string {
  const input = `${encodePart(header)}.${encodePart(payload)}`;
  return `${input}.${signatureOf(input, key).toString('base64url')}`;
}

/** Encodes a part of a JWS: a text or bytes unchanged, any other value as JSON. */
export function encodePart(value: unknown): string {
  if (typeof value === 'string') return Buffer.from(value).toString('base64url');
  if (Buffer.isBuffer(value)) return value.toString('base64url');
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** The bytes of a JWS signature. For PSS, the salt is as long as the digest by default. */
export function signatureOf(
  input: string,
  { alg, privateKey }: Pick<SigningKey, 'alg' | 'privateKey'>,
  saltLength: number = constants.RSA_PSS_SALTLEN_DIGEST,
): Buffer {
  const digest = `sha${alg.slice(2)}`;
  if (alg.startsWith('ES'))
    return sign(digest, Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
  return sign(digest, Buffer.from(input), alg.startsWith('PS') ? { key: privateKey, ...pss } : privateKey);
}
