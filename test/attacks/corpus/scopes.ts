import { type Attack, accepted, forbidden, invalidToken, variants, withClaims } from '../attack.js';
import { lookAlike } from '../forging.js';

const FORM = 'RFC 9068 section 2.2.3, RFC 8693 section 4.2: a string';
const SPLIT = 'RFC 6749 section 3.3: spaces alone divide';
const ELSEWHERE = 'permissions in claims that Logto does not use';

const insufficient = forbidden('scope');
const badClaim = invalidToken('claims');
const scope = (value: unknown) => withClaims({ scope: value });

export const scopes: Attack[] = [
  ...variants(FORM, scope, [
    ['scope an array', ['read:products'], badClaim],
    ['scope an array of one string with several', ['read:products write:products'], badClaim],
    ['scope a number', 1, badClaim],
    ['scope an object', { 'read:products': true }, badClaim],
    ['scope an object that says what it contains', { includes: 'read:products' }, badClaim],
    ['scope null', null, badClaim],
    ['scope true', true, badClaim],
    ['scope missing', undefined, insufficient],
    ['scope empty', '', insufficient],
    ['scope a space', ' ', insufficient],
  ]),
  ...variants('a scope as a part of another', scope, [
    ['a scope that begins with ours', 'read:products2', insufficient],
    ['a scope that ends with ours', 'xread:products', insufficient],
    ['a scope that holds ours', 'no-read:products-at-all', insufficient],
    ['a scope without its last letter', 'read:product', insufficient],
    ['a scope without what stands behind the colon', 'read:', insufficient],
    ['two scopes that make ours together', 'read: products', insufficient],
    ['a scope in upper case', 'READ:PRODUCTS', insufficient],
    ['a scope with a wildcard', 'read:*', insufficient],
    ['a wildcard alone', '*', insufficient],
    ['a pattern', '.*', insufficient],
    ['the scope of the Management API', 'all', insufficient],
    ['a scope of another order', 'products:read', insufficient],
    ['another permission', 'write:products', insufficient],
    ['a denial', '!read:products -read:products', insufficient],
  ]),
  ...variants(SPLIT, scope, [
    ['scopes with commas', 'read:orders,read:products', insufficient],
    ['scopes with a comma and a space behind ours', 'read:products, read:orders', insufficient],
    ['scopes with tabs', 'read:orders\tread:products', insufficient],
    ['scopes with line breaks', 'read:orders\nread:products', insufficient],
    ['scopes with a carriage return', 'read:products\r', insufficient],
    ['scopes with a form feed', 'read:orders\fread:products', insufficient],
    ['scopes with a NUL', 'read:products\u0000', insufficient],
    ['scopes with a NUL between them', 'read:orders\u0000read:products', insufficient],
    ['scopes with no-break spaces', 'read:orders\u00a0read:products', insufficient],
    ['scopes with an ideographic space', 'read:orders\u3000read:products', insufficient],
    ['scopes with a line separator', 'read:orders\u2028read:products', insufficient],
    ['scopes with plus signs', 'read:orders+read:products', insufficient],
    ['scopes with escapes', 'read:orders%20read:products', insufficient],
    ['scopes in quotes', '"read:products"', insufficient],
    ['scopes as JSON', '["read:products"]', insufficient],
  ]),
  ...variants('RFC 6749 section 3.3, Unicode look-alikes', scope, [
    ['a scope with Cyrillic letters', lookAlike('read:products'), insufficient],
    ['a scope with a fullwidth colon', 'read\uff1aproducts', insufficient],
    ['a scope with a zero-width joiner', 'read:\u200dproducts', insufficient],
    ['a scope with a soft hyphen', 'read:pro\u00adducts', insufficient],
    ['a scope with a combining mark', 'read:products\u0301', insufficient],
    ['a scope from right to left', '\u202eread:products', insufficient],
    ['a scope with a long s', 'read:product\u017f', insufficient],
    ['a scope with a byte order mark', '\ufeffread:products', insufficient],
  ]),
  ...variants(
    ELSEWHERE,
    (name: string) => withClaims({ scope: undefined, [name]: 'read:products' }),
    [
      'scp',
      'permissions',
      'roles',
      'scopes',
      'authorities',
      'Scope',
      'scope ',
      'claims',
      'resource_access',
    ].map((name) => [`the scope in ${JSON.stringify(name)}`, name, insufficient]),
  ),
  ...variants(
    ELSEWHERE,
    (name: string) => withClaims({ scope: '', [name]: ['read:products'] }),
    ['scp', 'permissions', 'roles'].map((name) => [`the scope in a list in ${name}`, name, insufficient]),
  ),
  ...variants(SPLIT, scope, [
    ['honest: ours among others', 'read:orders read:products write:products', accepted],
    ['honest: ours twice', 'read:products read:products', accepted],
    ['honest: spaces around and between', '  read:orders   read:products ', accepted],
    ['honest: ours beside one of any characters', 'read:products \u0000 "x" \u20ac', accepted],
    [
      'honest: ours behind a thousand others',
      `${Array.from({ length: 800 }, (_, i) => `s:${i}`).join(' ')} read:products`,
      accepted,
    ],
  ]),
];
