import { createHash } from 'node:crypto';
import { type SigningKey, signJws } from '../../support/signing.js';
import { type Attack, accepted, invalidToken, variants, withClaims, withHeader } from '../attack.js';
import { certificateOf } from '../forging.js';
import type { Lab } from '../lab.js';

const OWN_KEY = 'RFC 8725 section 3.10, a key that the token brings (CVE-2018-0114)';
const OWN_URL = 'RFC 8725 section 3.10, an address that the token brings (SSRF)';

/** Signed by the attacker, with these members in the header. */
const byAttacker =
  (members: (lab: Lab, key: SigningKey) => Record<string, unknown>, name: 'ES384' | 'RSA' = 'ES384') =>
  (lab: Lab): string => {
    const key = lab.attacker.keys[name];
    return signJws(lab.logto.header({ alg: key.alg, ...members(lab, key) }), lab.logto.claims(), key);
  };

/** The same with the kid of our key, with the attacker's own, and with none. */
const withEachKid = (
  name: string,
  reference: string,
  members: (lab: Lab, key: SigningKey) => Record<string, unknown>,
): Attack[] => [
  {
    name: `${name}, under the kid of our key`,
    reference,
    token: byAttacker(members),
    expected: invalidToken('signature'),
  },
  {
    name: `${name}, under a kid of its own`,
    reference,
    token: byAttacker((lab, key) => ({ ...members(lab, key), kid: key.kid })),
    expected: invalidToken('unknown_key'),
  },
  {
    name: `${name}, without a kid`,
    reference,
    token: byAttacker((lab, key) => ({ ...members(lab, key), kid: undefined })),
    expected: invalidToken('unknown_key'),
  },
];

export const headerKeys: Attack[] = [
  ...withEachKid("the attacker's signature", 'forged signature', () => ({})),
  ...withEachKid("jwk with the attacker's key", OWN_KEY, (_lab, key) => ({ jwk: key.publicJwk })),
  ...withEachKid("jku at the attacker's server", OWN_URL, ({ attacker }) => ({
    jku: `${attacker.url}/oidc/jwks`,
  })),
  ...withEachKid("x5u at the attacker's server", OWN_URL, ({ attacker }) => ({
    x5u: `${attacker.url}/cert.pem`,
  })),
  ...withEachKid("x5c with the attacker's certificate", OWN_KEY, (_lab, key) => {
    const certificate = certificateOf(key);
    const digest = createHash('sha256').update(Buffer.from(certificate, 'base64')).digest('base64url');
    return { x5c: [certificate], 'x5t#S256': digest };
  }),
  {
    name: 'jwk with an RSA key for a token by RS256',
    reference: OWN_KEY,
    token: byAttacker((_lab, { publicJwk }) => ({ jwk: publicJwk }), 'RSA'),
    expected: invalidToken('algorithm'),
  },
  {
    name: "jwk under the attacker's thumbprint as kid",
    reference: OWN_KEY,
    token: byAttacker((_lab, { publicJwk, kid }) => ({ jwk: { ...publicJwk, kid }, kid })),
    expected: invalidToken('unknown_key'),
  },
  {
    name: 'jwk with a symmetric key',
    reference: OWN_KEY,
    ...withHeader({ alg: 'HS256', jwk: { kty: 'oct', k: 'AAAA' } }),
    expected: invalidToken('algorithm'),
  },
  ...variants(
    OWN_URL,
    (jku: (lab: Lab) => unknown) => ({ token: byAttacker((lab) => ({ jku: jku(lab) })) }),
    [
      [
        "jku with our Logto's name as user of the attacker's",
        ({ logto, attacker }) => attacker.url.replace('//', `//${new URL(logto.endpoint).host}@`),
        invalidToken('signature'),
      ],
      [
        "jku with our Logto's address in its query",
        ({ logto, attacker }) => `${attacker.url}/?${logto.issuer}/jwks`,
        invalidToken('signature'),
      ],
      [
        "jku with our Logto's address in its fragment",
        ({ logto, attacker }) => `${attacker.url}/#${logto.issuer}/jwks`,
        invalidToken('signature'),
      ],
      [
        'jku of a cloud’s metadata service',
        () => 'http://169.254.169.254/latest/meta-data/',
        invalidToken('signature'),
      ],
      ['jku of a file', () => 'file:///etc/passwd', invalidToken('signature')],
      ['jku of data', ({ attacker }) => dataUrl(attacker.keys.ES384), invalidToken('signature')],
      ['jku an array', ({ attacker }) => [attacker.url], invalidToken('signature')],
    ],
  ),
  {
    name: "iss the attacker's own issuer, with its keys at hand",
    reference: 'RFC 8725 section 3.8, keys of whom iss names',
    token: ({ logto, attacker }) => {
      const { ES384: key } = attacker.keys;
      return logto.token({ key, claims: { iss: `${attacker.url}/oidc` } });
    },
    expected: invalidToken('issuer'),
  },
  {
    name: "iss the attacker's own issuer, signed by our key",
    reference: 'RFC 8725 section 3.8, keys of whom iss names',
    ...withClaims(({ attacker }) => ({ iss: `${attacker.url}/oidc` })),
    expected: invalidToken('issuer'),
  },
  {
    name: 'honest: jku at the attacker’s server in a token of our key, which is ignored',
    reference: OWN_URL,
    ...withHeader(({ attacker }) => ({ jku: attacker.url, x5u: attacker.url })),
    expected: accepted,
  },
  {
    name: 'honest: jwk with the attacker’s key in a token of our key, which is ignored',
    reference: OWN_KEY,
    ...withHeader(({ attacker }) => ({ jwk: attacker.keys.ES384.publicJwk })),
    expected: accepted,
  },
];

function dataUrl({ publicJwk }: SigningKey): string {
  return `data:application/json,${JSON.stringify({ keys: [publicJwk] })}`;
}
