import { deflateRawSync } from 'node:zlib';
import { encodePart, signatureOf, signJws } from '../../support/signing.js';
import { type Attack, accepted, invalidToken, variants, withHeader } from '../attack.js';
import { nested, withMember } from '../forging.js';
import type { Lab } from '../lab.js';

const CRIT = 'RFC 7515 section 4.1.11, critical extensions (CVE-2025-59420)';
const TYPE = 'RFC 9068 section 4, RFC 8725 section 3.11, another kind of JWT';
const DUPLICATES = 'RFC 7515 section 4, names that come twice: the last one counts';

/** A header written by hand; the signature over it holds. */
const written =
  (header: (lab: Lab) => string | Buffer) =>
  (lab: Lab): string =>
    signJws(header(lab), lab.logto.claims(), lab.logto.key);

/** The usual header with one more member, even if that name is there already. */
const appended = (member: (lab: Lab) => string) => ({
  token: written((lab) => withMember(lab.logto.header(), member(lab))),
});

const types: Attack[] = variants(TYPE, (typ: unknown) => withHeader({ typ }), [
  ['typ missing', undefined, invalidToken('type')],
  ['typ null', null, invalidToken('type')],
  ['typ empty', '', invalidToken('type')],
  ['typ of an ID token', 'JWT', invalidToken('type')],
  ['typ of a logout token', 'logout+jwt', invalidToken('type')],
  ['typ of a DPoP proof', 'dpop+jwt', invalidToken('type')],
  ['typ of a security event', 'secevent+jwt', invalidToken('type')],
  ['typ of an introspection answer', 'token-introspection+jwt', invalidToken('type')],
  ['typ of a signed authorization request', 'oauth-authz-req+jwt', invalidToken('type')],
  ['typ of a client’s assertion', 'client-authentication+jwt', invalidToken('type')],
  ['typ of an SD-JWT', 'dc+sd-jwt', invalidToken('type')],
  ['typ an array of the right one', ['at+jwt'], invalidToken('type')],
  ['typ an object', { typ: 'at+jwt' }, invalidToken('type')],
  ['typ a number', 1, invalidToken('type')],
  ['typ with a space behind it', 'at+jwt ', invalidToken('type')],
  ['typ with a line break behind it', 'at+jwt\n', invalidToken('type')],
  ['typ with a parameter', 'at+jwt; charset=utf-8', invalidToken('type')],
  ['typ that only ends like the right one', 'not-at+jwt', invalidToken('type')],
  ['typ of another media type', 'text/at+jwt', invalidToken('type')],
  ['honest: typ in upper case', 'AT+JWT', accepted],
  ['honest: typ as a whole media type', 'application/at+jwt', accepted],
]);

const critical: Attack[] = variants(CRIT, (members: Record<string, unknown>) => withHeader(members), [
  ['crit with an unknown extension', { crit: ['urn:x'], 'urn:x': 1 }, invalidToken('not_jwt')],
  ['crit with a claim', { crit: ['exp'], exp: 1 }, invalidToken('not_jwt')],
  ['crit with a member that every header has', { crit: ['alg'] }, invalidToken('not_jwt')],
  ['crit with b64, which is true', { crit: ['b64'], b64: true }, invalidToken('not_jwt')],
  ['crit with b64, which is false', { crit: ['b64'], b64: false }, invalidToken('not_jwt')],
  ['crit with a member that is not there', { crit: ['b64'] }, invalidToken('not_jwt')],
  ['crit empty', { crit: [] }, invalidToken('not_jwt')],
  ['crit null', { crit: null }, invalidToken('not_jwt')],
  ['crit a string', { crit: 'b64' }, invalidToken('not_jwt')],
  ['crit an object', { crit: { length: 0 } }, invalidToken('not_jwt')],
  ['honest: b64 false without crit is no extension', { b64: false }, accepted],
  ['honest: zip is no member of a JWS', { zip: 'DEF' }, accepted],
  ['honest: cty', { cty: 'json' }, accepted],
  ['honest: a member that is called constructor', { constructor: { prototype: {} } }, accepted],
]);

const twice: Attack[] = variants(DUPLICATES, appended, [
  ['alg twice, none last', () => '"alg":"none"', invalidToken('algorithm')],
  ['alg twice, HS256 last', () => '"alg":"HS256"', invalidToken('algorithm')],
  ['typ twice, JWT last', () => '"typ":"JWT"', invalidToken('type')],
  [
    'kid twice, the attacker’s last',
    ({ attacker }) => `"kid":"${attacker.keys.ES384.kid}"`,
    invalidToken('unknown_key'),
  ],
  ['kid twice, a number last', () => '"kid":1', invalidToken('unknown_key')],
  ['crit twice, null last', () => '"crit":["b64"],"crit":null', invalidToken('not_jwt')],
  ['alg twice by an escape, none last', () => '"\\u0061lg":"none"', invalidToken('algorithm')],
]);

const json: Attack[] = [
  ...variants(
    'RFC 8259, RFC 7515 section 5.2, a header that is a JSON object in UTF-8',
    (header: string | Buffer) => ({ token: written(() => header) }),
    [
      ['a header that is no JSON', 'alg=ES384', invalidToken('not_jwt')],
      ['a header that is an array', '[{"alg":"ES384"}]', invalidToken('not_jwt')],
      ['a header that is null', 'null', invalidToken('not_jwt')],
      ['a header that is a string', '"ES384"', invalidToken('not_jwt')],
      ['a header that is a number', '384', invalidToken('not_jwt')],
      ['a header that is cut off', '{"alg":"ES384"', invalidToken('not_jwt')],
      ['an empty object for a header', '{}', invalidToken('algorithm')],
      ['a header in UTF-16', Buffer.from('{"alg":"ES384"}', 'utf16le'), invalidToken('not_jwt')],
      ['a header that is no UTF-8', Buffer.from('7b22ff223a317d', 'hex'), invalidToken('not_jwt')],
      ['a header in overlong UTF-8', Buffer.from('c1bb22613a317d', 'hex'), invalidToken('not_jwt')],
    ],
  ),
  ...variants(
    'RFC 8259, what only lenient parsers take',
    (change: (text: string) => string) => ({
      token: written(({ logto }) => change(JSON.stringify(logto.header()))),
    }),
    [
      ['a header with a byte order mark', (text) => `\ufeff${text}`, invalidToken('not_jwt')],
      ['a header with a comma too many', (text) => text.replace(/}$/, ',}'), invalidToken('not_jwt')],
      ['a header with a comment', (text) => `/* x */${text}`, invalidToken('not_jwt')],
      ['a header in single quotes', (text) => text.replaceAll('"', "'"), invalidToken('not_jwt')],
      ['a header and another', (text) => `${text}{"alg":"none"}`, invalidToken('not_jwt')],
      ['a header with a NUL behind it', (text) => `${text}\u0000`, invalidToken('not_jwt')],
      ['a header with a magic prefix', (text) => `)]}'\n${text}`, invalidToken('not_jwt')],
      ['honest: a header with spaces', (text) => ` \n${text}\t `, accepted],
    ],
  ),
  ...variants('prototype pollution (CWE-1321)', appended, [
    ['__proto__ in the header', () => '"__proto__":{"alg":"none"}', invalidToken('not_jwt')],
    ['__proto__ deep in the header', () => '"x":[{"__proto__":1}]', invalidToken('not_jwt')],
    ['__proto__ in the header by an escape', () => '"\\u005f_proto__":{}', invalidToken('not_jwt')],
  ]),
  {
    name: 'a header whose alg, typ and kid are in __proto__',
    reference: 'prototype pollution (CWE-1321)',
    token: written(({ logto }) => `{"__proto__":${JSON.stringify(logto.header())}}`),
    expected: invalidToken('not_jwt'),
  },
  {
    name: 'honest: a member of the header that is 1,000 deep',
    reference: 'CWE-674, recursion without bound',
    ...appended(() => `"x":${nested(1_000)}`),
    expected: accepted,
  },
];

const otherTokens: Attack[] = [
  {
    name: 'a payload that is not encoded, as b64 false has it',
    reference: 'RFC 7797',
    token: ({ logto }) => {
      const header = encodePart(logto.header({ b64: false, crit: ['b64'] }));
      const payload = 'payload';
      return `${header}.${payload}.${signatureOf(`${header}.${payload}`, logto.key).toString('base64url')}`;
    },
    expected: invalidToken('not_jwt'),
  },
  {
    name: 'a payload that is compressed',
    reference: 'RFC 7516 section 4.1.3, zip (CVE-2024-28176)',
    token: ({ logto }) => {
      const bytes = deflateRawSync(JSON.stringify(logto.claims()));
      return signJws(logto.header({ zip: 'DEF' }), bytes, logto.key);
    },
    expected: invalidToken('not_jwt'),
  },
  {
    name: 'a compressed payload that would be ten megabytes',
    reference: 'CVE-2024-28176, a bomb',
    token: ({ logto }) => {
      const bytes = deflateRawSync(Buffer.alloc(1_000_000, ' '));
      return signJws(logto.header({ zip: 'DEF' }), bytes, logto.key);
    },
    expected: invalidToken('not_jwt'),
  },
  {
    name: 'a JWE of five parts',
    reference: 'RFC 7516 section 3.1',
    token: () => `${encodePart({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.AAAA.AAAA.AAAA.AAAA`,
    expected: invalidToken('not_jwt'),
  },
  {
    name: 'a JWE with an honest token inside',
    reference: 'RFC 7516, RFC 7519 section 5.2',
    token: ({ logto }) =>
      `${encodePart({ alg: 'dir', enc: 'A256GCM', cty: 'JWT' })}..AAAA.${encodePart(logto.token())}.AAAA`,
    expected: invalidToken('not_jwt'),
  },
  {
    name: 'an honest token inside another JWS',
    reference: 'RFC 7519 section 5.2, nested JWT',
    token: ({ logto }) => signJws(logto.header({ cty: 'JWT' }), logto.token(), logto.key),
    expected: invalidToken('not_jwt'),
  },
  {
    name: 'an honest token inside a JWS by the attacker',
    reference: 'RFC 7519 section 5.2, nested JWT',
    token: ({ logto, attacker }) => signJws(logto.header({ cty: 'JWT' }), logto.token(), attacker.keys.ES384),
    expected: invalidToken('not_jwt'),
  },
];

export const header: Attack[] = [...types, ...critical, ...twice, ...json, ...otherTokens];
