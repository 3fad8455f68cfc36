import { createPublicKey, type KeyObject } from 'node:crypto';
import { type Bare, bare, own } from '../util/own.js';
import { quote } from '../util/printable.js';

/** The supported signature algorithms (RFC 7518 section 3.1), all of them asymmetric. */
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
/** By the curve names of OpenSSL. */
const ECDSA_SIZES = new Map([
  ['prime256v1', 64],
  ['secp384r1', 96],
  ['secp521r1', 132],
]);
const RSA_ALGORITHMS = ALGORITHMS.filter((alg) => !alg.startsWith('ES'));
const RSA_MEMBERS = ['kty', 'n', 'e'];
const EC_MEMBERS = ['kty', 'crv', 'x', 'y'];

/** RFC 7518 sections 3.3 and 3.5 forbid smaller keys. */
const MIN_RSA_BITS = 2048;
/**
 * The exponent must be odd and above this (FIPS 186-5 appendix A.1.1). With exponent 1 anyone can forge a signature.
 */
const MAX_WEAK_EXPONENT = 2n ** 16n;

/** Logto has at most three. Reading a thousand would block every request for most of a second. */
const MAX_KEYS = 100;

/** A member of a JWK Set (RFC 7517). The name of Node's own type differs between the versions of its declarations. */
type Jwk = Bare<Readonly<Record<string, unknown>>>;

/** One public key of an issuer. Keys are compared by identity: a replacement is a different object. */
export class VerificationKey {
  /** The size of its signatures in octets (RFC 7518 section 3.4, RFC 8017 section 8). */
  readonly signatureSize: number;

  private constructor(
    readonly kid: string,
    publicKey: KeyObject,
    /** The JWK members that define the key. */
    private readonly material: Jwk,
    private readonly algorithms: readonly string[],
  ) {
    const { modulusLength = 0, namedCurve = '' } = detailsOf(publicKey);
    this.signatureSize = ECDSA_SIZES.get(namedCurve) ?? Math.ceil(modulusLength / 8);
  }

  /**
   * Reads a member of a JWK Set (RFC 7517 section 4).
   *
   * @returns the key, or the reason why it cannot check Logto's signatures: an encryption key, a symmetric or private
   * key, a key without `kid`, or an invalid key
   */
  static fromJwk(value: unknown): VerificationKey | string {
    if (!isRecord(value)) return 'it is not an object';
    const jwk = bare(value);
    const { kid, use, key_ops: operations, alg } = jwk;
    if (!isKeyId(kid)) return 'its kid is not a string of 1 to 256 characters';
    if (use !== undefined && use !== 'sig') return `its use is ${quote(use)}, not "sig"`;
    const mayVerify =
      operations === undefined || (Array.isArray(operations) && operations.includes('verify'));
    if (!mayVerify) return 'its key_ops do not include "verify"';
    // A published private key is compromised: anyone could sign with it.
    if ('d' in jwk) return 'it is a private key; a key set must contain only public keys';
    const algorithms = algorithmsOf(jwk);
    if (algorithms.length === 0) {
      return `its algorithm is not supported: kty ${quote(jwk['kty'])}, alg ${quote(alg)}`;
    }
    // Only the members that define the key are passed to the parser.
    const members = jwk['kty'] === 'RSA' ? RSA_MEMBERS : EC_MEMBERS;
    const material = bare(Object.fromEntries(members.map((name) => [name, jwk[name]])));
    const publicKey = importKey(material);
    return typeof publicKey === 'string'
      ? publicKey
      : new VerificationKey(kid, publicKey, material, algorithms);
  }

  /** Creates a new Node key object for the public key on each call. */
  toKeyObject(): KeyObject {
    return createFromJwk(this.material);
  }

  /** Only the public key, as a member of a JWK Set. */
  toJwk(): Jwk {
    const alg = this.algorithms.length === 1 ? { alg: this.algorithms[0] } : {};
    return { ...this.material, kid: this.kid, use: 'sig', ...alg };
  }

  /** Whether this key can verify signatures of that algorithm. */
  fits(alg: string): boolean {
    return this.algorithms.includes(alg);
  }

  /** Whether the other key has the same material and the same algorithms. */
  equals(other: VerificationKey): boolean {
    const isSame = Object.entries(this.material).every(([name, value]) => other.material[name] === value);
    return isSame && this.algorithms.join() === other.algorithms.join();
  }
}

/** An issuer's keys by their `kid`. */
export type Keys = ReadonlyMap<string, VerificationKey>;

/** A member of a key set that is ignored. */
export interface IgnoredKey {
  /** Its `kid`, truncated to 100 characters; absent if it has none. */
  readonly keyId?: string;
  /** Why it cannot check signatures, as the end of a sentence. */
  readonly reason: string;
}

/** The content of a JWK Set. */
export interface KeyList {
  readonly keys: Keys;
  readonly ignored: readonly IgnoredKey[];
}

/** Whether the `kid` of a key or of a token is acceptable. */
export function isKeyId(kid: unknown): kid is string {
  return typeof kid === 'string' && kid.length >= 1 && kid.length <= 256;
}

/**
 * The usable keys of a JWK Set (RFC 7517 section 5). Unusable keys are ignored, as that RFC recommends; of two keys
 * with the same `kid` the first is used.
 *
 * @throws Error if the value is not a JWK Set, or if it has no usable key
 */
export function keysFromJwks(value: unknown): KeyList {
  const jwks = own(value, 'keys');
  if (!isRecord(value) || !Array.isArray(jwks)) throw new Error('it is not a JWK Set');
  if (jwks.length > MAX_KEYS) throw new Error(`it has more than ${MAX_KEYS} keys`);
  const keys = new Map<string, VerificationKey>();
  const ignored: IgnoredKey[] = [];
  for (const jwk of jwks) {
    const key = VerificationKey.fromJwk(jwk);
    if (typeof key === 'string') ignored.push(ignoredKey(jwk, key));
    else if (keys.has(key.kid)) ignored.push(ignoredKey(jwk, 'an earlier key has the same kid'));
    else keys.set(key.kid, key);
  }
  if (keys.size === 0) throw new Error(`it has no key that can verify a signature${inBrackets(ignored)}`);
  return { keys, ignored };
}

function ignoredKey(jwk: unknown, reason: string): IgnoredKey {
  const kid = own(jwk, 'kid');
  return { ...(typeof kid === 'string' && { keyId: kid.slice(0, 100) }), reason };
}

/** Lists the first ignored keys, for a message. */
function inBrackets(ignored: readonly IgnoredKey[]): string {
  const shown = ignored.slice(0, 3).map((key) => `${quote(own(key, 'keyId') ?? null)}: ${key.reason}`);
  return shown.length === 0 ? '' : ` (${shown.join('; ')}${ignored.length > 3 ? '; …' : ''})`;
}

/** The keys as a JWK Set, which `keysFromJwks` can read. */
export function keysToJwks(keys: Keys): { keys: Jwk[] } {
  return { keys: [...keys.values()].map((key) => key.toJwk()) };
}

function algorithmsOf({ kty, crv, alg }: Jwk): readonly string[] {
  const byType = kty === 'RSA' ? RSA_ALGORITHMS : kty === 'EC' ? algorithmOfCurve(crv) : [];
  // Logto's RSA keys have no `alg`, its EC keys have one (RFC 7517 section 4.4: optional).
  return byType.filter((name) => alg === undefined || alg === name);
}

function algorithmOfCurve(crv: unknown): readonly string[] {
  const alg = typeof crv === 'string' ? BY_CURVE.get(crv) : undefined;
  return alg === undefined ? [] : [alg];
}

function importKey(key: Jwk): KeyObject | string {
  try {
    const publicKey = createFromJwk(key);
    // For an EC key, Node may report a size or an exponent from a polluted Object.prototype.
    const isRsa = key['kty'] === 'RSA';
    const { modulusLength = 0, publicExponent = 0n } = detailsOf(publicKey);
    if (isRsa && modulusLength < MIN_RSA_BITS) {
      return `it is an RSA key of ${modulusLength} bits, and ${MIN_RSA_BITS} are needed`;
    }
    if (isRsa && (publicExponent <= MAX_WEAK_EXPONENT || publicExponent % 2n === 0n)) {
      return 'its RSA exponent is not an odd number above 65536';
    }
    return publicKey;
  } catch {
    return 'it is not a valid public key';
  }
}

function createFromJwk(key: Jwk): KeyObject {
  return createPublicKey(bare({ key, format: 'jwk' }) as Parameters<typeof createPublicKey>[0]);
}

/** Node's details of a key. Members that only the other key type has are absent. */
function detailsOf(key: KeyObject) {
  return bare(key.asymmetricKeyDetails ?? {});
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
