import { APP } from '../../support/logto.js';
import { signJws } from '../../support/signing.js';
import { type Attack, accepted, forbidden, invalidToken, variants, withClaims } from '../attack.js';
import { nested, withMember } from '../forging.js';
import { ORGANIZATION } from '../lab.js';

const REQUIRED = 'RFC 9068 section 2.2, sub and client_id';
const MACHINE = "a user's token, or one for another app";
const ORGANIZATION_ID = 'Logto: a custom-claims script can set organization_id to anything';
const BOUND = 'RFC 7800, RFC 8705, RFC 9449: a token that is bound to a key';
const POLLUTION = 'prototype pollution (CWE-1321)';

const badClaim = invalidToken('claims');
const bound = invalidToken('sender_constrained');

/** The usual claims with one more member as it is written. The signature holds. */
const appended = (member: string) => ({
  token: ({ logto }: Parameters<NonNullable<Attack['token']>>[0]) =>
    signJws(logto.header(), withMember(logto.claims(), member), logto.key),
});

const WRONG_STRINGS = [
  ['missing', undefined],
  ['null', null],
  ['empty', ''],
  ['a number', 1],
  ['true', true],
  ['an array', [APP]],
  ['an object', { id: APP }],
] as const;

export const identity: Attack[] = [
  ...['sub', 'client_id'].flatMap((name) =>
    variants(
      REQUIRED,
      (value: unknown) => withClaims({ [name]: value }),
      WRONG_STRINGS.map(([what, value]) => [`${name} ${what}`, value, badClaim]),
    ),
  ),
  ...variants(REQUIRED, withClaims, [
    ['sub and client_id both missing', { sub: undefined, client_id: undefined }, badClaim],
    ['sub and client_id both the same number', { sub: 1, client_id: 1 }, badClaim],
    ['sub and client_id both the same list', { sub: [APP], client_id: [APP] }, badClaim],
    ['azp and cid for client_id', { client_id: undefined, azp: APP, cid: APP }, badClaim],
  ]),
  ...variants(MACHINE, withClaims, [
    ["a user's sub", { sub: 'user-1' }, forbidden('machine')],
    ['sub the app in upper case', { sub: APP.toUpperCase() }, forbidden('machine')],
    ['sub the app with a space behind it', { sub: `${APP} ` }, forbidden('machine')],
    ['sub the app with a NUL behind it', { sub: `${APP}\u0000` }, forbidden('machine')],
    [
      'sub and client_id the same letters in another form',
      { sub: 'caf\u00e9', client_id: 'cafe\u0301' },
      forbidden('machine'),
    ],
    ['a user with every permission', { sub: 'admin', scope: 'read:products all' }, forbidden('machine')],
    ['a user whose script says machine', { sub: 'u', isMachine: true, gty: 'x' }, forbidden('machine')],
    ['honest: an app with a strange name', { sub: '__proto__', client_id: '__proto__' }, accepted],
  ]),
  ...variants(ORGANIZATION_ID, (value: unknown) => withClaims({ organization_id: value }), [
    ['organization_id null', null, badClaim],
    ['organization_id empty', '', badClaim],
    ['organization_id a number', 0, badClaim],
    ['organization_id false', false, badClaim],
    ['organization_id an array', [ORGANIZATION], badClaim],
    ['organization_id an empty array', [], badClaim],
    ['organization_id an object', {}, badClaim],
    ['organization_id none as a word', 'none', forbidden('organization')],
    ['organization_id a space', ' ', forbidden('organization')],
    ['organization_id of a real organization', ORGANIZATION, forbidden('organization')],
  ]),
  ...variants(BOUND, (cnf: unknown) => withClaims({ cnf }), [
    ['cnf of DPoP', { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' }, bound],
    ['cnf of mutual TLS', { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' }, bound],
    ['cnf with a whole key', { jwk: { kty: 'oct', k: 'AAAA' } }, bound],
    ['cnf empty', {}, bound],
    ['cnf null', null, bound],
    ['cnf false', false, bound],
    ['cnf a string', '', bound],
  ]),
  {
    name: 'cnf by an escape in its name',
    reference: BOUND,
    ...appended('"\\u0063nf":{"jkt":"x"}'),
    expected: bound,
  },
  ...variants(POLLUTION, appended, [
    ['__proto__ in the claims', '"__proto__":{"isMachine":true}', invalidToken('not_jwt')],
    ['__proto__ as null', '"__proto__":null', invalidToken('not_jwt')],
    ['__proto__ deep in the claims', '"x":{"y":[{"__proto__":{"admin":1}}]}', invalidToken('not_jwt')],
    ['__proto__ by escapes', '"\\u005f\\u005fproto\\u005f\\u005f":{}', invalidToken('not_jwt')],
    ['__proto__ by one escape, deep inside', '"x":{"__pr\\u006fto__":{}}', invalidToken('not_jwt')],
    ['honest: constructor with a prototype', '"constructor":{"prototype":{"admin":1}}', accepted],
    ['honest: hasOwnProperty that is no function', '"hasOwnProperty":1,"toString":1', accepted],
    ['honest: toJSON and then', '"toJSON":1,"then":{"then":1}', accepted],
    ['honest: __proto__ as a value', '"x":"__proto__"', accepted],
    ['honest: a lone surrogate', '"x":"\\ud800"', accepted],
    ['honest: act, which says for whom', '"act":{"sub":"admin"}', accepted],
  ]),
  ...variants('CWE-674, recursion without bound', appended, [
    ['scope an array that is 1,000 deep', `"scope":${nested(1_000)}`, badClaim],
    ['organization_id an array that is 1,000 deep', `"organization_id":${nested(1_000)}`, badClaim],
    ['aud an array that is 1,000 deep', `"aud":${nested(1_000)}`, invalidToken('audience')],
    ['iss an array that is 1,000 deep', `"iss":${nested(1_000)}`, invalidToken('issuer')],
    [
      '__proto__ 1,000 deep',
      `"x":${'[{"__proto__":'.repeat(500)}1${'}]'.repeat(500)}`,
      invalidToken('not_jwt'),
    ],
    ['honest: a claim that is 1,000 deep', `"x":${nested(1_000)}`, accepted],
    ['honest: objects that are 1,000 deep', `"x":${'{"y":'.repeat(1_000)}1${'}'.repeat(1_000)}`, accepted],
  ]),
  ...variants('RFC 7519 section 4, names that come twice: the last one counts', appended, [
    ['scope twice, the wrong one last', '"scope":"read:nothing"', forbidden('scope')],
    ['aud twice, another last', '"aud":"https://other.api"', invalidToken('audience')],
    ['iss twice, another last', '"iss":"https://evil.example/oidc"', invalidToken('issuer')],
    ['sub twice, a user last', '"sub":"user-1"', forbidden('machine')],
  ]),
  ...variants(
    'RFC 7519 section 7.2, claims that are a JSON object in UTF-8',
    (payload: string | Buffer) => ({ token: ({ logto }) => signJws(logto.header(), payload, logto.key) }),
    [
      ['claims that are an array', '[]', invalidToken('not_jwt')],
      ['claims that are null', 'null', invalidToken('not_jwt')],
      ['claims that are a string', '"read:products"', invalidToken('not_jwt')],
      ['claims that are no UTF-8', Buffer.from('7b22ff223a317d', 'hex'), invalidToken('not_jwt')],
      ['no claims at all', '{}', invalidToken('issuer')],
    ],
  ),
];
