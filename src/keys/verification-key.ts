import { createPublicKey, type KeyObject } from 'node:crypto';

/** The signature algorithms that can be checked (RFC 7518 section 3.1): none of them symmetric. */
export const ALGORITHMS = [
  'ES256',
  'ES384',
  'ES512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
] as const;

const BY_CURVE = new Map([
  ['P-256', 'ES256'],
  ['P-384', 'ES384'],
  ['P-521', 'ES512'],
]);
/** By OpenSSL's names of the curves. */
const ECDSA_SIZES = new Map([
  ['prime256v1', 64],
  ['secp384r1', 96],
  ['secp521r1', 132],
]);
const RSA_ALGORITHMS = ALGORITHMS.filter((alg) => !alg.startsWith('ES'));
const RSA_MEMBERS = ['kty', 'n', 'e'];
const EC_MEMBERS = ['kty', 'crv', 'x', 'y'];

/** RFC 7518 sections 3.3 and 3.5 forbid smaller ones. */
const MIN_RSA_BITS = 2048;

/** Logto has three at most. To read a thousand would hold up every request for most of a second. */
const MAX_KEYS = 100;

/** A member of a JWK Set (RFC 7517). Node's own type of it has another name in each version of its declarations. */
type Jwk = Readonly<Record<string, unknown>>;

/** One public key of an issuer. Keys are compared by identity: a replaced key is another object. */
export class VerificationKey {
  /** How many octets its signatures have (RFC 7518 section 3.4, RFC 8017 section 8). */
  readonly signatureSize: number;

  private constructor(
    readonly kid: string,
    readonly publicKey: KeyObject,
    private readonly algorithms: readonly string[],
  ) {
    const { modulusLength = 0, namedCurve = '' } = publicKey.asymmetricKeyDetails ?? {};
    this.signatureSize = ECDSA_SIZES.get(namedCurve) ?? Math.ceil(modulusLength / 8);
  }

  /**
   * Reads a member of a JWK Set (RFC 7517 section 4).
   *
   * @returns the key, or undefined where it cannot check Logto's signatures: an encryption key, a symmetric or
   * private one, one without `kid`, or one that is no valid key at all
   */
  static fromJwk(jwk: unknown): VerificationKey | undefined {
    if (!isRecord(jwk)) return undefined;
    const { kid, use, key_ops: operations } = jwk;
    if (!isKeyId(kid)) return undefined;
    if (use !== undefined && use !== 'sig') return undefined;
    const mayVerify =
      operations === undefined || (Array.isArray(operations) && operations.includes('verify'));
    if (!mayVerify) return undefined;
    // Whoever publishes a private key has lost it: anybody could sign with it.
    if ('d' in jwk) return undefined;
    const algorithms = algorithmsOf(jwk);
    const publicKey = algorithms.length > 0 ? importKey(jwk) : undefined;
    return publicKey && new VerificationKey(kid, publicKey, algorithms);
  }

  /** The public key alone, as a member of a JWK Set. */
  toJwk(): Jwk {
    const alg = this.algorithms.length === 1 ? { alg: this.algorithms[0] } : {};
    return { ...this.publicKey.export({ format: 'jwk' }), kid: this.kid, use: 'sig', ...alg };
  }

  /** Whether this key can have made a signature with that algorithm. */
  fits(alg: string): boolean {
    return this.algorithms.includes(alg);
  }

  /** Whether the other has the same material and may do the same. */
  equals(other: VerificationKey): boolean {
    return this.publicKey.equals(other.publicKey) && this.algorithms.join() === other.algorithms.join();
  }
}

/** An issuer's keys by their `kid`. */
export type Keys = ReadonlyMap<string, VerificationKey>;

/** Whether a `kid`, of a key or of a token, is one that is looked at. */
export function isKeyId(kid: unknown): kid is string {
  return typeof kid === 'string' && kid.length >= 1 && kid.length <= 256;
}

/**
 * The usable keys of a JWK Set (RFC 7517 section 5). What cannot be used is passed over, as that RFC asks; of
 * two with one `kid` the first counts.
 *
 * @throws Error when it is no key set, or no key in it can be used
 */
export function keysFromJwks(jwks: unknown): Keys {
  if (!isRecord(jwks) || !Array.isArray(jwks['keys'])) throw new Error('it is not a JWK Set');
  if (jwks['keys'].length > MAX_KEYS) throw new Error(`it holds more than ${MAX_KEYS} keys`);
  const keys = new Map<string, VerificationKey>();
  for (const jwk of jwks['keys']) {
    const key = VerificationKey.fromJwk(jwk);
    if (key !== undefined && !keys.has(key.kid)) keys.set(key.kid, key);
  }
  if (keys.size === 0) throw new Error('it holds no key that can check a signature');
  return keys;
}

/** The keys as a JWK Set, from which they can be read again. */
export function keysToJwks(keys: Keys): { keys: Jwk[] } {
  return { keys: [...keys.values()].map((key) => key.toJwk()) };
}

function algorithmsOf({ kty, crv, alg }: Record<string, unknown>): readonly string[] {
  const byType = kty === 'RSA' ? RSA_ALGORITHMS : kty === 'EC' ? algorithmOfCurve(crv) : [];
  // Logto's RSA keys carry no `alg`, its EC keys do (RFC 7517 section 4.4: optional).
  return byType.filter((name) => alg === undefined || alg === name);
}

function algorithmOfCurve(crv: unknown): readonly string[] {
  const alg = typeof crv === 'string' ? BY_CURVE.get(crv) : undefined;
  return alg === undefined ? [] : [alg];
}

function importKey(jwk: Record<string, unknown>): KeyObject | undefined {
  // Only the members that make up the key: nothing else of the document reaches the parser.
  const members = jwk['kty'] === 'RSA' ? RSA_MEMBERS : EC_MEMBERS;
  const key = Object.fromEntries(members.map((member) => [member, jwk[member]]));
  try {
    const publicKey = createPublicKey({ key, format: 'jwk' } as Parameters<typeof createPublicKey>[0]);
    const bits = publicKey.asymmetricKeyDetails?.modulusLength;
    return bits !== undefined && bits < MIN_RSA_BITS ? undefined : publicKey;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
