import { createHmac } from 'node:crypto';
import { signatureOf, signJws } from '../../support/signing.js';
import { type Attack, accepted, invalidToken, variants, withHeader } from '../attack.js';
import { nested, publicForms, resigned, signingInput, withMember, withPart } from '../forging.js';
import type { Lab } from '../lab.js';

const CONFUSION = 'RFC 8725 section 2.1, algorithm confusion (CVE-2015-9235)';
const NONE = 'RFC 8725 section 2.1, alg none (CVE-2015-2951)';
const FIT = 'RFC 7518 section 3.4, algorithm and key type';
const FORM = 'RFC 7515 section 4.1.1, form of alg';

type KeyName = keyof Lab['keys'];

/** Signed with HMAC under what everybody can read. */
const hmac =
  (alg: string, key: KeyName, form: keyof ReturnType<typeof publicForms>) =>
  ({ logto, keys }: Lab): string => {
    const input = signingInput(logto.header({ alg, kid: keys[key].kid }), logto.claims());
    return `${input}.${createHmac(`sha${alg.slice(2)}`, publicForms(keys[key])[form])
      .update(input)
      .digest('base64url')}`;
  };

/** One algorithm in the header, and a signature by another. */
const claimed =
  (alg: string, key: KeyName, by: string = alg) =>
  ({ logto, keys }: Lab): string => {
    const { kid, privateKey } = keys[key];
    return signJws(logto.header({ alg, kid }), logto.claims(), { alg: by, privateKey });
  };

/** In every case: which letters are capitals is told by the bits of a number. */
const cases = Array.from({ length: 16 }, (_, capitals) =>
  [...'none'].map((letter, place) => ((capitals >> place) & 1 ? letter.toUpperCase() : letter)).join(''),
);
const spellings = [...cases, ' none', 'none ', 'none\u0000', 'n\u043ene', ''];

export const algorithms: Attack[] = [
  ...variants(
    NONE,
    (alg: string) => ({ token: ({ logto }) => `${signingInput(logto.header({ alg }), logto.claims())}.` }),
    spellings.map((alg) => [
      `alg ${JSON.stringify(alg)} with an empty signature`,
      alg,
      invalidToken('not_jwt'),
    ]),
  ),
  ...variants(
    NONE,
    (alg: string) => withHeader({ alg }),
    spellings.map((alg) => [
      `alg ${JSON.stringify(alg)} with a signature of the real key`,
      alg,
      invalidToken('algorithm'),
    ]),
  ),
  ...(['ES384', 'RSA'] as const).flatMap((key) =>
    (['PEM', 'DER', 'JWK', 'raw'] as const).flatMap((form) =>
      variants(
        CONFUSION,
        (alg: string) => ({ token: hmac(alg, key, form) }),
        ['HS256', 'HS384', 'HS512'].map((alg) => [
          `${alg} keyed with the public ${key} key as ${form}`,
          alg,
          invalidToken('algorithm'),
        ]),
      ),
    ),
  ),
  {
    name: 'HS256 keyed with nothing',
    reference: 'CVE-2019-20933, an empty secret',
    token: ({ logto }) => {
      const input = signingInput(logto.header({ alg: 'HS256' }), logto.claims());
      return `${input}.${createHmac('sha256', '').update(input).digest('base64url')}`;
    },
    expected: invalidToken('algorithm'),
  },
  {
    name: 'the header changed to HS256 under the real signature',
    reference: CONFUSION,
    token: ({ logto }) =>
      withPart(logto.token(), 0, () =>
        Buffer.from(JSON.stringify(logto.header({ alg: 'HS256' }))).toString('base64url'),
      ),
    expected: invalidToken('algorithm'),
  },
  ...variants(
    FIT,
    ([alg, key, by]: readonly [string, KeyName, string?]) => ({ token: claimed(alg, key, by) }),
    [
      ['ES256 against the P-384 key', ['ES256', 'ES384'], invalidToken('algorithm')],
      ['ES512 against the P-384 key', ['ES512', 'ES384'], invalidToken('algorithm')],
      ['ES384 against the P-256 key', ['ES384', 'ES256'], invalidToken('algorithm')],
      ['ES256 against the P-521 key', ['ES256', 'ES512'], invalidToken('algorithm')],
      ['ES384 against the RSA key', ['ES384', 'RSA', 'RS384'], invalidToken('algorithm')],
      ['RS256 against the EC key', ['RS256', 'ES384', 'ES256'], invalidToken('algorithm')],
      ['PS256 against the EC key', ['PS256', 'ES384', 'ES256'], invalidToken('algorithm')],
      ['PS256 by an RSA key that is for RS256', ['PS256', 'RS256 only'], invalidToken('algorithm')],
      ['RS512 by an RSA key that is for RS256', ['RS512', 'RS256 only'], invalidToken('algorithm')],
      ['PS256 over a signature by RS256', ['PS256', 'RSA', 'RS256'], invalidToken('signature')],
      ['RS256 over a signature by PS256', ['RS256', 'RSA', 'PS256'], invalidToken('signature')],
      ['RS256 over a signature by RS384', ['RS256', 'RSA', 'RS384'], invalidToken('signature')],
      ['ES384 over a digest by SHA-256', ['ES384', 'ES384', 'ES256'], invalidToken('signature')],
      ['ES384 over a digest by SHA-512', ['ES384', 'ES384', 'ES512'], invalidToken('signature')],
      ['RS256 over a digest by SHA-1', ['RS256', 'RSA', 'RS1'], invalidToken('signature')],
    ],
  ),
  ...variants(
    'RFC 8725 section 3.1, algorithms that Logto cannot sign with',
    (alg: string) => ({ token: claimed(alg, 'RSA') }),
    ['RS384', 'RS512', 'PS384', 'PS512', 'RS1'].map((alg) => [
      `${alg} by the RSA key, with a good signature`,
      alg,
      invalidToken('algorithm'),
    ]),
  ),
  ...variants(FORM, (alg: unknown) => withHeader({ alg }), [
    ['alg missing', undefined, invalidToken('algorithm')],
    ['alg null', null, invalidToken('algorithm')],
    ['alg an array of the right one', ['ES384'], invalidToken('algorithm')],
    ['alg an object', { alg: 'ES384' }, invalidToken('algorithm')],
    ['alg a number', 384, invalidToken('algorithm')],
    ['alg true', true, invalidToken('algorithm')],
    ['alg in lower case', 'es384', invalidToken('algorithm')],
    ['alg with a space behind it', 'ES384 ', invalidToken('algorithm')],
    ['alg with a NUL behind it', 'ES384\u0000', invalidToken('algorithm')],
    ['alg in fullwidth letters', 'ＥＳ３８４', invalidToken('algorithm')],
    ['alg two at once', 'ES384,none', invalidToken('algorithm')],
    ['alg the name of a member of every object', 'constructor', invalidToken('algorithm')],
    ['alg __proto__ as a value', '__proto__', invalidToken('algorithm')],
    ['alg ES256K', 'ES256K', invalidToken('algorithm')],
    ['alg EdDSA', 'EdDSA', invalidToken('algorithm')],
    ['alg Ed25519', 'Ed25519', invalidToken('algorithm')],
    ['alg ML-DSA-65', 'ML-DSA-65', invalidToken('algorithm')],
    ['alg of encryption to our public key', 'RSA-OAEP', invalidToken('algorithm')],
    ['alg dir', 'dir', invalidToken('algorithm')],
  ]),
  {
    name: 'alg a password with a million million rounds',
    reference: 'CVE-2022-36083, work that the sender sets',
    ...withHeader({ alg: 'PBES2-HS256+A128KW', p2c: 1e12, p2s: 'AAAA' }),
    expected: invalidToken('algorithm'),
  },
  {
    name: 'alg an array that is 1,000 deep',
    reference: 'CWE-674, recursion without bound',
    token: ({ logto }) => {
      const header = withMember(logto.header({ alg: undefined }), `"alg":${nested(1_000)}`);
      return signJws(header, logto.claims(), logto.key);
    },
    expected: invalidToken('algorithm'),
  },
  {
    name: 'PS256 with a salt of no length',
    reference: 'RFC 7518 section 3.5, the salt is as long as the digest',
    token: ({ logto, keys }) => {
      const token = claimed('PS256', 'RSA')({ logto, keys } as Lab);
      const input = token.slice(0, token.lastIndexOf('.'));
      return resigned(token, () => signatureOf(input, { ...keys.RSA, alg: 'PS256' }, 0));
    },
    expected: invalidToken('signature'),
  },
  ...variants(
    'RFC 7518 section 3.1, what Logto can sign with',
    ([alg, key]: readonly [string, KeyName]) => ({ token: claimed(alg, key) }),
    [
      ['honest: ES384', ['ES384', 'ES384'], accepted],
      ['honest: ES256', ['ES256', 'ES256'], accepted],
      ['honest: ES512', ['ES512', 'ES512'], accepted],
      ['honest: RS256 by a key without alg', ['RS256', 'RSA'], accepted],
      ['honest: PS256 by the same key', ['PS256', 'RSA'], accepted],
      ['honest: RS256 by a key that names it', ['RS256', 'RS256 only'], accepted],
    ],
  ),
];
