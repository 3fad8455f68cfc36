import { createHmac } from 'node:crypto';
import { createSigningKey, signJws } from '../../support/signing.js';
import { type Attack, accepted, invalidToken, variants, withHeader } from '../attack.js';
import { signingInput } from '../forging.js';
import type { Lab } from '../lab.js';

const FORM = 'RFC 7515 section 4.1.4, form of kid';
const INJECTION = 'injection by kid (CVE-2017-17405, CVE-2018-0114)';
const unknown = invalidToken('unknown_key');

export const keyIds: Attack[] = [
  ...variants(FORM, (kid: unknown) => withHeader({ kid }), [
    ['kid missing', undefined, unknown],
    ['kid null', null, unknown],
    ['kid empty', '', unknown],
    ['kid a number', 5, unknown],
    ['kid true', true, unknown],
    ['kid an array', ['x'], unknown],
    ['kid an object', { kid: 'x' }, unknown],
    ['kid of 257 characters', 'k'.repeat(257), unknown],
    ['kid of 10 KiB', 'k'.repeat(10 * 1024), unknown],
    ['an unknown kid', 'nobody-knows-this-one', unknown],
  ]),
  ...variants(INJECTION, (kid: string) => withHeader({ kid }), [
    ['kid a path to a file of known content', '../../../../../../dev/null', unknown],
    ['kid an absolute path', '/proc/sys/kernel/randomize_va_space', unknown],
    ['kid a Windows path', '..\\..\\windows\\win.ini', unknown],
    ['kid SQL that answers a key', "x' UNION SELECT 'AAAA' -- ", unknown],
    ['kid SQL that is always true', "' OR '1'='1", unknown],
    ['kid a NUL', '\u0000', unknown],
    ['kid a command', '|/usr/bin/id', unknown],
    ['kid a template', '\u0024{jndi:ldap://127.0.0.1/x}', unknown],
    ['kid with a line break and a header', 'x\r\nSet-Cookie: admin=1', unknown],
    ['kid that ends the challenge', 'x", scope="everything', unknown],
    ['kid with markup', '<script>alert(1)</script>', unknown],
    ['kid __proto__ as a value', '__proto__', unknown],
    ['kid constructor', 'constructor', unknown],
    ['kid hasOwnProperty', 'hasOwnProperty', unknown],
    ['kid a lone surrogate', '\ud800', unknown],
  ]),
  ...variants(
    'RFC 7515 section 4.1.4, kid compared to the letter',
    (change: (kid: string) => string) => withHeader(({ logto }: Lab) => ({ kid: change(logto.key.kid) })),
    [
      ['kid with a space behind it', (kid) => `${kid} `, unknown],
      ['kid with a NUL and more behind it', (kid) => `${kid}\u0000x`, unknown],
      ['kid without its last character', (kid) => kid.slice(0, -1), unknown],
      ['kid in other letters', (kid) => kid.replace(/[a-z]/gi, swapCase), unknown],
      ['kid with padding', (kid) => `${kid}=`, unknown],
      ['kid as an address', (kid) => `https://logto.example/keys/${kid}`, unknown],
    ],
  ),
  {
    name: 'kid a path to an empty file, keyed with nothing',
    reference: INJECTION,
    token: ({ logto }) => {
      const input = signingInput(logto.header({ alg: 'HS256', kid: '/dev/null' }), logto.claims());
      return `${input}.${createHmac('sha256', '').update(input).digest('base64url')}`;
    },
    expected: invalidToken('algorithm'),
  },
  {
    name: "kid the attacker's server",
    reference: 'SSRF by kid',
    ...withHeader(({ attacker }) => ({ kid: `${attacker.url}/oidc/jwks` })),
    expected: unknown,
  },
  {
    name: 'kid of another key of ours, of another kind',
    reference: 'RFC 8725 section 3.10',
    ...withHeader(({ keys }) => ({ kid: keys.ES256.kid })),
    expected: invalidToken('algorithm'),
  },
  {
    name: 'kid of another key of ours, of the same kind',
    reference: 'RFC 8725 section 3.10',
    token: ({ logto, keys }) =>
      signJws(logto.header({ alg: 'RS256', kid: keys['RS256 only'].kid }), logto.claims(), keys.RSA),
    expected: invalidToken('signature'),
  },
  {
    name: 'kid of the other trusted issuer',
    reference: 'RFC 8725 section 3.8, keys of whom iss names',
    ...withHeader(({ second }) => ({ kid: second.key.kid })),
    expected: unknown,
  },
  {
    name: "another key's signature under our kid",
    reference: 'forged signature',
    token: ({ logto }) => logto.token({ key: createSigningKey('ES384', { kid: logto.key.kid }) }),
    expected: invalidToken('signature'),
  },
  {
    name: 'honest: a kid that begins with a hyphen is a kid',
    reference: FORM,
    token: ({ logto, keys }) => logto.token({ key: keys.dashed }),
    expected: accepted,
  },
];

function swapCase(letter: string): string {
  const lower = letter.toLowerCase();
  return letter === lower ? letter.toUpperCase() : lower;
}
