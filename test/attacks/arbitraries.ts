import fc, { type Arbitrary } from 'fast-check';
import { APP, AUDIENCE, now } from '../support/logto.js';
import type { KeyServerAnswer } from './hostile-key-server.js';
import { ORGANIZATION } from './lab.js';

/** Bytes that a header may hold without ending it. */
const headerByte = fc.integer({ min: 0, max: 255 }).filter((byte) => byte !== 0x0a && byte !== 0x0d);
const bytes = (maxLength: number) =>
  fc.array(headerByte, { maxLength }).map((list) => Buffer.from(list).toString('latin1'));
const tokenLike = fc.stringMatching(/^[\w.~+/=-]{0,80}$/);

/** Anything that can stand in a header line, one character a byte; much of it close to credentials. */
export const headerValue: Arbitrary<string> = fc.oneof(
  bytes(60),
  tokenLike,
  fc
    .tuple(
      fc.constantFrom('Bearer ', 'bearer ', 'BEARER  ', 'Bearer', 'Bearer\t', 'Basic ', ' '),
      fc.oneof(bytes(60), tokenLike),
    )
    .map(([scheme, rest]) => scheme + rest),
  fc
    .tuple(fc.constantFrom('Bearer ', ''), fc.constantFrom('.', 'x', '=', ' ', '\u00e4'), fc.nat(17_000))
    .map(([scheme, character, length]) => scheme + character.repeat(length)),
);

/** Any string at all, with line breaks and halves of surrogate pairs, as only other code could put it there. */
export const anyString: Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc
    .tuple(fc.constantFrom('Bearer ', 'Bearer', ''), fc.uint16Array({ maxLength: 60 }))
    .map(([scheme, units]) => scheme + String.fromCharCode(...units)),
  fc
    .tuple(fc.constantFrom('Bearer ', 'Bearer\r\n', 'Bearer \n'), tokenLike, fc.string({ unit: 'binary' }))
    .map((parts) => parts.join('')),
);

/** A change of a JSON object: a member set, or taken away. */
export interface Edit {
  readonly name: string;
  readonly value: unknown;
}

/** A change of a text: so many characters replaced by these, somewhere. */
export interface Slip {
  readonly at: number;
  readonly removed: number;
  readonly inserted: string;
}

const anyName = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.constantFrom('__proto__', 'constructor', 'toString'),
);

const edits = (values: Record<string, readonly unknown[]>): Arbitrary<Edit[]> => {
  const near = fc
    .constantFrom(...Object.keys(values))
    .chain((name) => fc.record({ name: fc.constant(name), value: fc.constantFrom(...(values[name] ?? [])) }));
  const far = fc.record({
    name: fc.oneof(fc.constantFrom(...Object.keys(values)), anyName),
    value: fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constant(undefined)),
  });
  return fc.array(fc.oneof({ weight: 3, arbitrary: near }, far), { maxLength: 3 });
};

const slips: Arbitrary<Slip[]> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Slip[]>([]) },
  fc.array(
    fc.record({
      at: fc.nat(1_000),
      removed: fc.nat(2),
      inserted: fc.oneof(
        fc.constantFrom(
          '',
          ' ',
          '"',
          '{',
          '}',
          '[',
          ',',
          ':',
          '\\u0061',
          '\u0000',
          '\ufeff',
          'null',
          '1e999',
        ),
        fc.string({ unit: 'binary', maxLength: 2 }),
      ),
    }),
    { minLength: 1, maxLength: 2 },
  ),
);

/** How to spoil a token, and whose key signs it. */
export interface TokenPlan {
  readonly header: Edit[];
  readonly claims: Edit[];
  readonly headerSlips: Slip[];
  readonly claimsSlips: Slip[];
  /** Which of the keys at hand, by its place. */
  readonly signer: number;
}

const HEADER_VALUES = {
  alg: ['ES384', 'ES256', 'RS256', 'none', 'HS256', ['ES384'], undefined],
  typ: ['at+jwt', 'AT+JWT', 'application/at+jwt', 'JWT', undefined],
  kid: ['', 1, null, 'x', undefined],
  crit: [['b64'], [], null],
  b64: [true, false],
  jwk: [{ kty: 'oct', k: 'AAAA' }],
};

const CLAIM_VALUES = {
  iss: [undefined, 'https://evil.example/oidc', []],
  sub: [APP, `${APP} `, 'user', '', 1, null, undefined],
  client_id: [APP, '', {}, undefined],
  aud: [AUDIENCE, [AUDIENCE], [AUDIENCE, 'urn:logto:organization:x'], [AUDIENCE, 1], `${AUDIENCE}/`, []],
  exp: [now() + 9e6, now() - 9e3, String(now() + 9e6), now() + 9e6 + 0.5, 1e13, -1, null, undefined],
  nbf: [0, now() - 9e3, now() + 9e6, '0', -1, null],
  iat: [0, now() + 9e6, -1, '1', 1e13, undefined],
  scope: [
    'read:products',
    'a read:products  b',
    'read:product',
    '',
    'read:products\t',
    ['read:products'],
    undefined,
  ],
  organization_id: [ORGANIZATION, '', null, []],
  cnf: [{ jkt: 'x' }, null],
  jti: [1, 'x', undefined],
};

/** A token close to an honest one; about a third are honest. */
export const tokenPlan = (signers: number): Arbitrary<TokenPlan> =>
  fc.record({
    header: edits(HEADER_VALUES),
    claims: edits(CLAIM_VALUES),
    headerSlips: slips,
    claimsSlips: slips,
    signer: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(signers - 1)),
  });

/** The text of an object with those changes. */
export function spoil(value: object, edits: readonly Edit[], slips: readonly Slip[]): string {
  const members = new Map(Object.entries(value));
  for (const edit of edits) members.set(edit.name, edit.value);
  const written = [...members]
    .filter(([, member]) => member !== undefined)
    .map(([name, member]) => `${JSON.stringify(name)}:${JSON.stringify(member)}`);
  return slip(`{${written.join(',')}}`, slips);
}

/** A change of bytes: all of them others, or some replaced somewhere. */
export type BytesPlan =
  | { readonly whole: Uint8Array }
  | { readonly at: number; readonly removed: number; readonly inserted: Uint8Array };

/** Some of the bytes are no UTF-8, and some are other spellings of what is there. */
export const bytesPlan: Arbitrary<BytesPlan> = fc.oneof(
  fc.record({ whole: fc.uint8Array({ maxLength: 150 }) }),
  { weight: 3, arbitrary: fc.constant({ at: 0, removed: 0, inserted: new Uint8Array() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      at: fc.nat(1_000),
      removed: fc.nat(1),
      inserted: fc.oneof(
        fc.uint8Array({ maxLength: 3 }),
        fc.constantFrom('', ' ', '\ufeff', '\u00e4').map((text) => new TextEncoder().encode(text)),
        fc
          .constantFrom([0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xff, 0xfe], [0x80])
          .map((list) => new Uint8Array(list)),
      ),
    }),
  },
);

/** The bytes of an object with that change. */
export function spoilBytes(value: object, plan: BytesPlan): Buffer {
  if ('whole' in plan) return Buffer.from(plan.whole);
  const bytes = Buffer.from(JSON.stringify(value));
  const place = plan.at % (bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, place), plan.inserted, bytes.subarray(place + plan.removed)]);
}

function slip(text: string, slips: readonly Slip[]): string {
  return slips.reduce((slipped, { at, removed, inserted }) => {
    const place = at % (slipped.length + 1);
    return slipped.slice(0, place) + inserted + slipped.slice(place + removed);
  }, text);
}

const KEY_VALUES = {
  kty: ['EC', 'RSA', 'oct', 'OKP', undefined],
  crv: ['P-384', 'P-256', 'P-192', 'secp256k1', {}, undefined],
  alg: ['ES384', 'RS256', 'none', [], undefined],
  use: ['sig', 'enc', null, undefined],
  key_ops: [['verify'], [], 'verify'],
  kid: ['', 'x', 1, null, undefined],
  x: ['', 'AAAA', 1, 'A'.repeat(64), undefined],
  y: ['', 'AAAA', {}, 'A'.repeat(64), undefined],
  n: ['', 'AQAB', 1],
  e: ['', 'AQAB', 'A'.repeat(500)],
  d: ['AAAA', null],
};

/** A JWK Set close to the one that is right. */
const keySet = (jwks: readonly object[]): Arbitrary<string> =>
  fc
    .tuple(
      fc.array(fc.tuple(fc.constantFrom(...jwks), edits(KEY_VALUES), slips), { maxLength: 4 }),
      fc.array(fc.json({ maxDepth: 2 }), { maxLength: 2 }),
      slips,
    )
    .map(([keys, junk, setSlips]) => {
      const members = [...junk, ...keys.map(([jwk, keyEdits, keySlips]) => spoil(jwk, keyEdits, keySlips))];
      return slip(`{"keys":[${members.join(',')}]}`, setSlips);
    });

const body = (jwks: readonly object[]): Arbitrary<Buffer> =>
  fc.oneof(
    { weight: 3, arbitrary: keySet(jwks).map((text) => Buffer.from(text)) },
    fc.json().map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 200 }).map((list) => Buffer.from(list)),
    fc.nat(300_000).map((length) => Buffer.alloc(length, ' ')),
  );

const responseHeader = (redirect: string): Arbitrary<string> =>
  fc.oneof(
    fc.constantFrom(
      'Content-Type: application/json',
      'Content-Type: text/html',
      'Transfer-Encoding: chunked',
      'Transfer-Encoding: gzip',
      'Content-Encoding: gzip',
      'Content-Encoding: br',
      'Content-Length: 0',
      'Content-Length: -1',
      'Content-Length: 99999999999999999999',
      'Connection: upgrade',
      'Upgrade: h2c',
      'Set-Cookie: x=y',
      `Location: ${redirect}`,
      'Keep-Alive: timeout=0',
    ),
    fc.stringMatching(/^[A-Za-z-]{1,8}: [ -~]{0,20}$/),
    bytes(20),
  );

/** What may come from where the keys should: other bytes, another protocol, half of it, and then what. */
export const keyServerAnswer = (jwks: readonly object[], redirect: string): Arbitrary<KeyServerAnswer> => {
  const http = fc
    .record({
      status: fc.oneof(
        { weight: 3, arbitrary: fc.constant('200 OK') },
        fc.integer({ min: 99, max: 1_000 }).map(String),
        fc.constantFrom(
          '302 Found',
          '101 Switching Protocols',
          '103 Early Hints',
          '204',
          '304',
          '',
          'OK 200',
        ),
      ),
      headers: fc.array(responseHeader(redirect), { maxLength: 3 }),
      content: body(jwks),
      tellsLength: fc.boolean(),
    })
    .map(({ status, headers, content, tellsLength }) => {
      const length = tellsLength ? [`Content-Length: ${content.length}`] : [];
      const head = [`HTTP/1.1 ${status}`, ...headers, ...length, '', ''].join('\r\n');
      return Buffer.concat([Buffer.from(head, 'latin1'), content]);
    });
  return fc.record({
    bytes: fc.oneof(
      { weight: 5, arbitrary: http },
      fc.uint8Array({ maxLength: 100 }).map((list) => Buffer.from(list)),
    ),
    ending: fc.oneof(
      { weight: 3, arbitrary: fc.constant('end' as const) },
      fc.constantFrom('open' as const, 'cut' as const, 'reset' as const),
    ),
  });
};
