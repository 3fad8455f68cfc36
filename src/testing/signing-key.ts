// By their own paths: all of jose takes three times as long to load, in each file of a user's tests.
import type { CryptoKey, JWK } from 'jose';
import { calculateJwkThumbprint } from 'jose/jwk/thumbprint';
import { CompactSign } from 'jose/jws/compact/sign';
import { exportJWK } from 'jose/key/export';
import { generateKeyPair } from 'jose/key/generate/keypair';

/** A key pair of the issuer, with its public half as Logto publishes it. */
export interface SigningKey {
  readonly alg: string;
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

/**
 * Makes a key, beside everything else: an RSA key takes up to a second, an EC key a millisecond or two. RSA keys have
 * 2048 bits; Logto's have 4096, and one of those takes several times as long.
 */
export async function createSigningKey(alg: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg);
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  // Logto's EC keys name their `alg`, its RSA keys do not.
  const publicJwk = { ...jwk, use: 'sig', kid, ...(jwk.kty === 'EC' && { alg }) };
  return { alg, kid, privateKey, publicJwk };
}

/** A JWT (RFC 7519) as JWS Compact Serialization (RFC 7515 section 7.1). What is undefined is left out. */
export function signJwt(
  header: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>>,
  { alg, privateKey }: SigningKey,
): Promise<string> {
  return new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({ ...header, alg })
    .sign(privateKey);
}
