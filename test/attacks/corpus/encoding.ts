import { signJws } from '../../support/signing.js';
import { type Attack, accepted, invalidToken, malformed, unauthorized, variants } from '../attack.js';
import { withPart } from '../forging.js';
import type { Lab } from '../lab.js';

const CANONICAL = 'RFC 7515 section 2, RFC 4648 section 3.5: one text for the same bytes';
const SERIALIZATION = 'RFC 7515 section 7.1, three parts (Wycheproof json_web_signature)';
const B64TOKEN = 'RFC 6750 section 2.1, b64token';

const notJwt = invalidToken('not_jwt');

/** An honest token written otherwise. */
const rewritten = (change: (token: string, lab: Lab) => string) => ({
  token: (lab: Lab) => change(lab.logto.token(), lab),
});

/** A token each of whose parts leaves bits of its last character unused. */
function loose({ logto, keys }: Lab): string {
  const pad = (value: object) => {
    const text = JSON.stringify(value);
    return text + ' '.repeat((4 - (Buffer.byteLength(text) % 3)) % 3);
  };
  const { ES256 } = keys;
  return signJws(pad(logto.header({}, ES256)), pad(logto.claims()), ES256);
}

/** The same bytes, by a last character that differs in the bits which no byte has. */
function otherLast(part: string): string {
  const last = part.length - 1;
  const other = part.slice(0, last) + String.fromCharCode(part.charCodeAt(last) + 1);
  if (!Buffer.from(other, 'base64url').equals(Buffer.from(part, 'base64url')))
    throw new Error('The part has no unused bits.');
  return other;
}

const inParts = (['header', 'payload', 'signature'] as const).flatMap((what, index): Attack[] => {
  const part = index as 0 | 1 | 2;
  return [
    {
      name: `unused bits in the ${what}`,
      reference: CANONICAL,
      token: (lab) => withPart(loose(lab), part, otherLast),
      expected: notJwt,
    },
    {
      name: `padding behind the ${what}`,
      reference: CANONICAL,
      token: (lab) => withPart(loose(lab), part, (text) => `${text}=`),
      // Where `=` may stand at the end alone, one in the middle is no bearer token.
      expected: part === 2 ? notJwt : malformed,
    },
    {
      name: `a space in the ${what}`,
      reference: B64TOKEN,
      token: (lab) => withPart(loose(lab), part, (text) => `${text.slice(0, 9)} ${text.slice(9)}`),
      expected: malformed,
    },
    {
      name: `a tab in the ${what}`,
      reference: B64TOKEN,
      token: (lab) => withPart(loose(lab), part, (text) => `${text.slice(0, 9)}\t${text.slice(9)}`),
      expected: malformed,
    },
    {
      name: `one character too many in the ${what}`,
      reference: 'RFC 4648 section 4, no byte has six bits',
      token: (lab) =>
        withPart(loose(lab), part, (text) => `${text}${'A'.repeat((5 - (text.length % 4)) % 4)}`),
      expected: notJwt,
    },
    {
      name: `characters of base64 in the ${what}`,
      reference: 'RFC 4648 section 5, another alphabet',
      token: (lab) => withPart(loose(lab), part, (text) => `${text.slice(0, -3)}+/${text.at(-1)}`),
      expected: notJwt,
    },
    {
      name: `an escape of URLs in the ${what}`,
      reference: B64TOKEN,
      token: (lab) =>
        withPart(loose(lab), part, (text) => text.replace(/^./, (c) => `%${c.charCodeAt(0).toString(16)}`)),
      expected: malformed,
    },
    {
      name: `no ${what}`,
      reference: SERIALIZATION,
      token: (lab) => withPart(loose(lab), part, () => ''),
      expected: notJwt,
    },
    {
      name: `no ${what} and no dot`,
      reference: SERIALIZATION,
      token: (lab) => loose(lab).split('.').toSpliced(part, 1).join('.'),
      expected: notJwt,
    },
  ];
});

export const encoding: Attack[] = [
  { name: 'honest: unused bits that are zero', reference: CANONICAL, token: loose, expected: accepted },
  ...inParts,
  ...variants(SERIALIZATION, rewritten, [
    ['a dot before the token', (token) => `.${token}`, notJwt],
    ['a dot behind the token', (token) => `${token}.`, notJwt],
    ['two dots inside the token', (token) => token.replace('.', '..'), notJwt],
    ['a fourth part', (token) => `${token}.AAAA`, notJwt],
    ['two tokens with a dot between them', (token) => `${token}.${token}`, notJwt],
    ['the header alone', (token) => token.split('.')[0] as string, notJwt],
    ['two dots alone', () => '..', notJwt],
    ['a hundred dots', () => '.'.repeat(100), notJwt],
    ['one character', () => 'x', notJwt],
    ['an opaque token', () => 'oUuTqEw6Tp2bQyJ1nSgNdGPmN6H0gC2XJzIfzrjJ0fp', notJwt],
    ['the token encoded once more', (token) => Buffer.from(token).toString('base64url'), notJwt],
    ['the token in upper case', (token) => token.toUpperCase(), notJwt],
    ['the token backwards', (token) => [...token].reverse().join(''), notJwt],
    ['underscores for dots', (token) => token.replaceAll('.', '_'), notJwt],
    ['an SD-JWT with a disclosure', (token) => `${token}~WyJhIiwiYiIsImMiXQ~`, notJwt],
  ]),
  ...variants('RFC 7515 section 7.2, JSON Serialization', rewritten, [
    ['a JWS in flattened JSON', flattened, malformed],
    ['a JWS in general JSON', general, malformed],
    [
      'a JWS in flattened JSON, encoded',
      (token) => Buffer.from(flattened(token)).toString('base64url'),
      notJwt,
    ],
  ]),
  ...variants(B64TOKEN, rewritten, [
    ['the token in quotes', (token) => `"${token}"`, malformed],
    ['the token in angle brackets', (token) => `<${token}>`, malformed],
    ['a comma behind the token', (token) => `${token},`, malformed],
    ['a semicolon and more behind the token', (token) => `${token};x=1`, malformed],
    ['padding alone', () => '====', malformed],
    ['four signs of equality behind the token', (token) => `${token}====`, notJwt],
    ['a byte beyond ASCII behind the token', (token) => `${token}\u00e4`, malformed],
    ['a fullwidth dot', (token) => utf8(token.replace('.', '\uff0e')), malformed],
    ['a zero-width space', (token) => utf8(token.replace('.', '.\u200b')), malformed],
    ['a byte order mark before the token', (token) => utf8(`\ufeff${token}`), malformed],
    ['a no-break space before the token', (token) => `\u00a0${token}`, malformed],
  ]),
  {
    name: 'honest: spaces and tabs behind the token, which HTTP takes away',
    reference: 'RFC 9110 section 5.5',
    ...rewritten((token) => `${token} \t `),
    expected: accepted,
  },
  {
    name: 'no token but a space',
    reference: B64TOKEN,
    ...rewritten(() => ' '),
    expected: malformed,
  },
  {
    name: 'an empty header',
    reference: B64TOKEN,
    headers: () => ['Authorization:'],
    expected: unauthorized,
  },
];

function flattened(token: string): string {
  const [header, payload, signature] = token.split('.');
  return JSON.stringify({ protected: header, payload, signature });
}

function general(token: string): string {
  const [header, payload, signature] = token.split('.');
  return JSON.stringify({ payload, signatures: [{ protected: header, signature }] });
}

/** As its bytes, one a character, for that is how requests are written here. */
function utf8(text: string): string {
  return Buffer.from(text).toString('latin1');
}
