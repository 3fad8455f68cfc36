import { createPublicKey, type JsonWebKey, sign as nodeSign } from 'node:crypto';
import { encodePart, type SigningKey } from '../support/signing.js';

/** The orders of the curves (FIPS 186-4 appendix D.1.2), and how many bytes an integer of them has. */
const CURVES: Record<string, { readonly n: bigint; readonly size: number }> = {
  ES256: { n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n, size: 32 },
  ES384: {
    n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    size: 48,
  },
  ES512: {
    n: 0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
    size: 66,
  },
};

/** The same header and payload with another signature, made of the real one. */
export function resigned(token: string, change: (signature: Buffer) => Buffer): string {
  const dot = token.lastIndexOf('.') + 1;
  return token.slice(0, dot) + change(Buffer.from(token.slice(dot), 'base64url')).toString('base64url');
}

/** The same token with one of its three parts replaced. */
export function withPart(token: string, index: 0 | 1 | 2, change: (part: string) => string): string {
  const parts = token.split('.');
  return parts.with(index, change(parts[index] as string)).join('.');
}

/** An ECDSA signature of other numbers, each as long as it needs to be. */
export function withNumbers(
  token: string,
  alg: string,
  change: (r: bigint, s: bigint, n: bigint) => readonly [r: bigint, s: bigint],
): string {
  const { n, size } = CURVES[alg] as (typeof CURVES)[string];
  return resigned(token, (signature) => {
    const [r, s] = change(toNumber(signature.subarray(0, size)), toNumber(signature.subarray(size)), n);
    return Buffer.concat([toBytes(r, size), toBytes(s, size)]);
  });
}

function toNumber(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`);
}

function toBytes(value: bigint, size: number): Buffer {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(Math.max(2 * size, hex.length + (hex.length % 2)), '0'), 'hex');
}

/** An ECDSA signature as X.509 and TLS write it (RFC 3279 section 2.2.3). */
export function toDer(signature: Buffer): Buffer {
  const half = signature.length / 2;
  return der(0x30, derInteger(signature.subarray(0, half)), derInteger(signature.subarray(half)));
}

function derInteger(bytes: Buffer): Buffer {
  return der(0x02, (bytes[0] ?? 0) >= 0x80 ? Buffer.from([0]) : Buffer.alloc(0), bytes);
}

/** JSON of an object with one more member, written as it is: a name that is there already comes twice. */
export function withMember(value: object, member: string): string {
  return JSON.stringify(value).replace(/}$/, `,${member}}`);
}

/** An array inside an array, so many times. */
export function nested(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth);
}

/** A look-alike: Cyrillic letters in the place of Latin ones. */
export function lookAlike(text: string): string {
  return text.replaceAll('o', 'о').replaceAll('e', 'е').replaceAll('a', 'а');
}

/** The public half of a key, in the forms in which somebody might take it for a secret. */
export function publicForms({ publicJwk }: SigningKey): Record<'PEM' | 'DER' | 'JWK' | 'raw', Buffer> {
  const key = createPublicKey({ key: publicJwk as JsonWebKey, format: 'jwk' });
  const coordinates = [publicJwk['n'] ?? publicJwk['x'], publicJwk['y'] ?? ''] as string[];
  return {
    PEM: Buffer.from(key.export({ type: 'spki', format: 'pem' })),
    DER: key.export({ type: 'spki', format: 'der' }),
    JWK: Buffer.from(JSON.stringify(publicJwk)),
    raw: Buffer.concat(coordinates.map((part) => Buffer.from(part, 'base64url'))),
  };
}

/** A certificate that the key's owner has made for themselves (RFC 5280 section 4.1), as `x5c` holds it. */
export function certificateOf({ publicJwk, privateKey }: SigningKey): string {
  const spki = createPublicKey({ key: publicJwk as JsonWebKey, format: 'jwk' });
  const ecdsaWithSha384 = der(0x30, Buffer.from('06082a8648ce3d040303', 'hex'));
  const commonName = der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from('attacker')));
  const name = der(0x30, der(0x31, commonName));
  const times = ['250101000000Z', '491231235959Z'].map((time) => der(0x17, Buffer.from(time)));
  const body = der(
    0x30,
    der(0xa0, Buffer.from([2, 1, 2])),
    Buffer.from([2, 1, 1]),
    ecdsaWithSha384,
    name,
    der(0x30, ...times),
    name,
    spki.export({ type: 'spki', format: 'der' }),
  );
  const signature = der(0x03, Buffer.from([0]), nodeSign('sha384', body, privateKey));
  return der(0x30, body, ecdsaWithSha384, signature).toString('base64');
}

/** One element of DER (X.690 section 8.1). */
export function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const { length: size } = body;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

/** Header and payload, as they are signed. */
export function signingInput(header: object | string, payload: object | string): string {
  return `${encodePart(header)}.${encodePart(payload)}`;
}
