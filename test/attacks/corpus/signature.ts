import { constants, createHash, privateEncrypt } from 'node:crypto';
import { signatureOf } from '../../support/signing.js';
import { type Attack, accepted, invalidToken, variants } from '../attack.js';
import { resigned, signingInput, toDer, withNumbers, withPart } from '../forging.js';
import type { Lab } from '../lab.js';

const refused = invalidToken('signature');
const ECDSA = 'RFC 7518 section 3.4, r and s from 1 to n - 1 (CVE-2022-21449)';
const MALLEABLE = 'FIPS 186-5 section 6.4, ECDSA is malleable: no identity by the text';
const PKCS1 = 'RFC 8017 section 8.2.2, padding is compared whole (Bleichenbacher 2006)';
const BLOCK = 256;

type Curve = 'ES256' | 'ES384' | 'ES512';
type Change = Parameters<typeof withNumbers>[2];

const numbers = (alg: Curve) => (change: Change) => ({
  token: ({ logto, keys }: Lab) => withNumbers(logto.token({ key: keys[alg] }), alg, change),
});

/** What RSA makes of a padded digest that no library would sign. */
const padded =
  (block: (digestInfo: Buffer, digest: Buffer) => Buffer) =>
  ({ logto, keys }: Lab): string => {
    const input = signingInput(logto.header({ alg: 'RS256', kid: keys.RSA.kid }), logto.claims());
    const digest = createHash('sha256').update(input).digest();
    const encoded = block(Buffer.concat([SHA_256, digest]), digest);
    const signature = privateEncrypt(
      { key: keys.RSA.privateKey, padding: constants.RSA_NO_PADDING },
      encoded,
    );
    return `${input}.${signature.toString('base64url')}`;
  };

/** The DigestInfo of SHA-256 (RFC 8017 section 9.2) before the digest. */
const SHA_256 = Buffer.from('3031300d060960864801650304020105000420', 'hex');

function block(first: string, filling: number, ...rest: readonly Buffer[]): Buffer {
  const end = Buffer.concat([Buffer.from([0]), ...rest]);
  const begin = Buffer.from(first, 'hex');
  return Buffer.concat([begin, Buffer.alloc(BLOCK - begin.length - end.length, filling), end]);
}

const altered: Attack[] = [
  ...variants(
    'RFC 7515 section 5.2, the signature itself',
    (change: (signature: Buffer) => Buffer) => ({
      token: ({ logto }: Lab) => resigned(logto.token(), change),
    }),
    [
      ['a signature without its last byte', (s) => s.subarray(0, -1), refused],
      ['a signature without its first byte', (s) => s.subarray(1), refused],
      ['half a signature', (s) => s.subarray(0, s.length / 2), refused],
      ['one byte for a signature', () => Buffer.from([0]), refused],
      ['a signature with a byte behind it', (s) => Buffer.concat([s, Buffer.from([0])]), refused],
      ['a signature with a zero before it', (s) => Buffer.concat([Buffer.from([0]), s]), refused],
      ['a signature twice', (s) => Buffer.concat([s, s]), refused],
      ['a signature of 8 KiB', (s) => Buffer.concat([s, Buffer.alloc(8192)]), refused],
      ['a signature in DER', toDer, refused],
      ['a signature with one bit flipped at its start', (s) => flip(s, 0), refused],
      ['a signature with one bit flipped at its end', (s) => flip(s, s.length - 1), refused],
      ['a signature of zeros', (s) => Buffer.alloc(s.length), refused],
      ['a signature of ones', (s) => Buffer.alloc(s.length, 0xff), refused],
      ['a signature backwards', (s) => Buffer.from(s).reverse(), refused],
    ],
  ),
  {
    name: 'an empty signature',
    reference: 'RFC 7515 section 5.2',
    token: ({ logto }) => withPart(logto.token(), 2, () => ''),
    expected: invalidToken('not_jwt'),
  },
  {
    name: 'the signature of another token',
    reference: 'RFC 7515 section 5.2',
    token: ({ logto }) => withPart(logto.token(), 2, () => logto.token().split('.')[2] as string),
    expected: refused,
  },
  {
    name: 'the same header with another payload',
    reference: 'RFC 7515 section 5.2',
    token: ({ logto }) => {
      const more = logto.claims({ scope: 'read:products write:products' });
      return withPart(logto.token(), 1, () => signingInput('', more).slice(1));
    },
    expected: refused,
  },
  {
    name: 'the same payload with another header',
    reference: 'RFC 7515 section 5.2',
    token: ({ logto }) => {
      const other = signingInput(logto.header({ x: 1 }), '').slice(0, -1);
      return withPart(logto.token(), 0, () => other);
    },
    expected: refused,
  },
  ...variants(
    'RFC 7515 section 5.1, what is signed',
    (input: (header: string, payload: string) => string) => ({
      token: ({ logto }: Lab) => {
        const [header, payload] = logto.token().split('.') as [string, string];
        const signature = signatureOf(input(header, payload), logto.key);
        return `${header}.${payload}.${signature.toString('base64url')}`;
      },
    }),
    [
      ['a signature over the payload alone', (_header, payload) => payload, refused],
      ['a signature over the header alone', (header) => header, refused],
      ['a signature over both with a dot behind', (header, payload) => `${header}.${payload}.`, refused],
      ['a signature over both without the dot', (header, payload) => header + payload, refused],
      ['a signature over the payload first', (header, payload) => `${payload}.${header}`, refused],
      [
        'a signature over the decoded payload',
        (header, payload) => `${header}.${Buffer.from(payload, 'base64url').toString('latin1')}`,
        refused,
      ],
      ['a signature over nothing', () => '', refused],
    ],
  ),
];

const ecdsa: Attack[] = [
  ...variants(ECDSA, numbers('ES384'), [
    ['r zero', (_r, s) => [0n, s], refused],
    ['s zero', (r) => [r, 0n], refused],
    ['r and s one', () => [1n, 1n], refused],
    ['r n', (_r, s, n) => [n, s], refused],
    ['s n', (r, _s, n) => [r, n], refused],
    ['r and s n', (_r, _s, n) => [n, n], refused],
    ['r n and s one', (_r, _s, n) => [n, 1n], refused],
    ['r and s n minus one', (_r, _s, n) => [n - 1n, n - 1n], refused],
    ['r and s n plus one', (_r, _s, n) => [n + 1n, n + 1n], refused],
    ['n added to r', (r, s, n) => [r + n, s], refused],
    ['n added to s', (r, s, n) => [r, s + n], refused],
    ['r and s exchanged', (r, s) => [s, r], refused],
    ['r negated', (r, s, n) => [n - r, s], refused],
  ]),
  ...variants(ECDSA, numbers('ES512'), [
    ['n added to r, which still has the right length with P-521', (r, s, n) => [r + n, s], refused],
    ['n added to s, which still has the right length with P-521', (r, s, n) => [r, s + n], refused],
    ['n twice added to s with P-521', (r, s, n) => [r, s + 2n * n], refused],
  ]),
  ...variants(ECDSA, numbers('ES256'), [
    ['r and s zero with P-256', () => [0n, 0n], refused],
    ['r and s n with P-256', (_r, _s, n) => [n, n], refused],
  ]),
  ...(['ES384', 'ES256', 'ES512'] as const).flatMap((alg) =>
    variants(MALLEABLE, numbers(alg), [
      [`honest: s negated, as ${alg} has it`, (r, s, n) => [r, n - s], accepted],
    ]),
  ),
];

const rsa: Attack[] = [
  ...variants(PKCS1, (make: (digestInfo: Buffer, digest: Buffer) => Buffer) => ({ token: padded(make) }), [
    ['honest: padding made by hand as it must be', (info) => block('0001', 0xff, info), accepted],
    ['padding of two bytes, and the rest behind the digest', shortPadding, refused],
    ['padding of zeros', (info) => block('0001', 0x00, info), refused],
    ['padding of block type 0', (info) => block('0000', 0xff, info), refused],
    ['padding of block type 2', (info) => block('0002', 0xff, info), refused],
    ['a first byte that is not zero', (info) => block('0101', 0xff, info), refused],
    ['a digest without its name', (_info, digest) => block('0001', 0xff, digest), refused],
    [
      'a digest whose name lacks its parameters',
      (_info, digest) =>
        block('0001', 0xff, Buffer.from('302f300b0609608648016503040201', 'hex'), octets(digest)),
      refused,
    ],
    [
      'a digest under the name of SHA-1',
      (_info, digest) =>
        block('0001', 0xff, Buffer.from('302d300906052b0e03021a0500', 'hex'), octets(digest)),
      refused,
    ],
    ['a byte behind the digest', (info) => block('0001', 0xff, info, Buffer.from([0])), refused],
  ]),
  ...variants(
    'RFC 8017 section 5.2.2, a signature between 0 and n - 1, as long as n',
    (change: (signature: Buffer, n: bigint) => Buffer) => ({
      token: ({ logto, keys: { RSA } }: Lab) => {
        const n = BigInt(`0x${Buffer.from(String(RSA.publicJwk['n']), 'base64url').toString('hex')}`);
        return resigned(logto.token({ key: RSA }), (signature) => change(signature, n));
      },
    }),
    [
      ['an RSA signature of zero', () => bytesOf(0n), refused],
      ['an RSA signature of one', () => bytesOf(1n), refused],
      ['an RSA signature of n', (_s, n) => bytesOf(n), refused],
      ['an RSA signature of n minus one', (_s, n) => bytesOf(n - 1n), refused],
      ['n added to an RSA signature', (s, n) => bytesOf(BigInt(`0x${s.toString('hex')}`) + n), refused],
      ['an RSA signature with a zero before it', (s) => Buffer.concat([Buffer.from([0]), s]), refused],
      ['an RSA signature cut short', (s) => s.subarray(0, -1), refused],
    ],
  ),
  ...variants(
    'RFC 8017 sections 8.1.2 and 8.2.2, step 1: two texts of one signature',
    (alg: string) => ({
      token: ({ logto, keys }: Lab) => {
        const key = { ...keys.RSA, alg };
        // One in 256 begins with it.
        for (;;) {
          const token = logto.token({ key });
          const signature = Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url');
          if (signature[0] === 0) return resigned(token, (whole) => whole.subarray(1));
        }
      },
    }),
    [
      ['an RS256 signature without its leading zero', 'RS256', refused],
      ['a PS256 signature without its leading zero', 'PS256', refused],
    ],
  ),
];

export const signatures: Attack[] = [...altered, ...ecdsa, ...rsa];

function flip(bytes: Buffer, index: number): Buffer {
  const flipped = Buffer.from(bytes);
  flipped[index] = (flipped[index] ?? 0) ^ 1;
  return flipped;
}

function shortPadding(digestInfo: Buffer): Buffer {
  const begin = Buffer.concat([Buffer.from('0001ffff00', 'hex'), digestInfo]);
  return Buffer.concat([begin, Buffer.alloc(BLOCK - begin.length, 0xaa)]);
}

function octets(digest: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x04, digest.length]), digest]);
}

function bytesOf(value: bigint): Buffer {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(Math.max(2 * BLOCK, hex.length + (hex.length % 2)), '0'), 'hex');
}
