import {
  type Attack,
  accepted,
  byExpress,
  byNode,
  forbidden,
  invalidToken,
  sentAs,
  unauthorized,
  variants,
} from '../attack.js';
import { ORGANIZATION } from '../lab.js';

const ELSEWHERE = 'RFC 9700 section 4.3.2, RFC 6750 section 2: a token in the header and nowhere else';
const ROUTES = 'a path that a guard and a handler might read in two ways (CWE-288)';
const OVERRIDE = 'headers that change what a request is (CWE-436)';
const SMUGGLING = 'RFC 9112 section 11.2, request smuggling (CWE-444)';

const FORM = 'Content-Type: application/x-www-form-urlencoded';
const JSON_BODY = 'Content-Type: application/json';

const nothing = sentAs(() => []);

const elsewhere: Attack[] = [
  ...variants(ELSEWHERE, (header: (token: string) => string) => sentAs((token) => [header(token)]), [
    ['the token in a cookie', (token) => `Cookie: access_token=${token}`, unauthorized],
    ['the whole header in a cookie', (token) => `Cookie: Authorization=Bearer%20${token}`, unauthorized],
    [
      'the token in the referrer',
      (token) => `Referer: https://x.example/?access_token=${token}`,
      unauthorized,
    ],
    ['the token in Forwarded', (token) => `Forwarded: for=x;authorization="Bearer ${token}"`, unauthorized],
  ]),
  ...variants(
    ELSEWHERE,
    ([type, body]: readonly [string, (token: string) => string]) => ({
      at: 'POST /products',
      headers: () => [type],
      body,
    }),
    [
      ['the token in a form', [FORM, (token) => `access_token=${token}`], unauthorized],
      [
        'the token in a JSON body',
        [JSON_BODY, (token) => JSON.stringify({ access_token: token })],
        unauthorized,
      ],
      [
        'the header in a JSON body',
        [JSON_BODY, (t) => JSON.stringify({ headers: { authorization: t } })],
        unauthorized,
      ],
    ],
  ),
  ...variants(
    ELSEWHERE,
    (query: (token: string) => string) => ({
      at: (token) => `GET /products?${query(token)}`,
      headers: () => [],
    }),
    [
      ['an access_token in the query', (token) => `access_token=${token}`, unauthorized],
      ['an authorization in the query', (token) => `authorization=Bearer%20${token}`, unauthorized],
      [
        'an auth object in the query',
        () => 'auth[scopes][]=read:products&auth[isMachine]=true',
        unauthorized,
      ],
      ['__proto__ in the query', () => '__proto__[auth]=1&constructor[prototype][auth]=1', unauthorized],
    ],
  ),
  {
    name: 'an honest token in the query beside junk in the header',
    reference: ELSEWHERE,
    at: (token) => `GET /products?access_token=${token}`,
    headers: () => ['Authorization: Bearer junk'],
    expected: invalidToken('not_jwt'),
  },
  {
    name: 'the token as a user in the address',
    reference: ELSEWHERE,
    at: (token) => `GET http://Bearer:${token}@shop.example/products`,
    ...nothing,
    expected: unauthorized,
  },
  {
    name: 'the token in a trailer behind the body',
    reference: 'RFC 9110 section 6.5.1, fields that trailers may not have',
    at: 'POST /products',
    headers: () => [JSON_BODY, 'Transfer-Encoding: chunked', 'Trailer: Authorization'],
    body: (token) => `0\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    expected: byNode(400),
  },
];

const routes: Attack[] = [
  ...variants(ROUTES, (at: string) => ({ at, ...nothing }), [
    ['no token, with a slash behind the path', 'GET /products/', unauthorized],
    ['no token, with the path in upper case', 'GET /PRODUCTS', unauthorized],
    ['no token, with a query', 'GET /products?x=1', unauthorized],
    ['no token, for one product', 'GET /products/p1001', unauthorized],
    ['no token, for a product that is not there', 'GET /products/nobody', unauthorized],
    ['no token, for a product with an escape', 'GET /products/%2e%2e', unauthorized],
    ['no token, for a product with a NUL', 'GET /products/%00', unauthorized],
    ['no token, by an address with a host', 'GET http://evil.example/products', unauthorized],
    ['no token, for the head alone', 'HEAD /products', unauthorized],
    ['no token, to write', 'POST /products', unauthorized],
    ['no token, to replace', 'PUT /products/p1001', unauthorized],
    ['no token, to delete', 'DELETE /products/p1001', unauthorized],
    ['no token, for orders', 'GET /orders/daily?date=2026-01-01', unauthorized],
    ['no token, for an organization', `GET /organizations/${ORGANIZATION}/products`, unauthorized],
    ['no token, for reports', `GET /organizations/${ORGANIZATION}/reports`, unauthorized],
    ['no token, with two slashes', 'GET //products', byExpress(404)],
    ['no token, with an escape in the path', 'GET /%70roducts', byExpress(404)],
    ['no token, with a way up', 'GET /healthz/../products', byExpress(404)],
    ['no token, with a parameter of the path', 'GET /products;x=1', byExpress(404)],
    ['no token, with an escape that is none', 'GET /products/%zz', byExpress(400)],
    ['no token, by a method that the route has not', 'PATCH /products', byExpress(404)],
    ['no token, to ask for the methods', 'OPTIONS /products', byExpress(200)],
    ['no token, by an unknown method', 'BREW /products', byNode(400)],
    ['no token, by TRACE', 'TRACE /products', byExpress(404)],
  ]),
  {
    name: 'honest: the head alone',
    reference: 'RFC 9110 section 9.3.2',
    at: 'HEAD /products',
    expected: accepted,
  },
];

const overrides: Attack[] = [
  ...variants(OVERRIDE, (header: string) => sentAs(() => [header]), [
    ['no token, for another address by header', 'X-Original-URL: /healthz', unauthorized],
    ['no token, for a rewritten address', 'X-Rewrite-URL: /healthz', unauthorized],
    ['no token, from this machine, as it says', 'X-Forwarded-For: 127.0.0.1', unauthorized],
    ['no token, as a user that a proxy names', 'X-Forwarded-User: admin', unauthorized],
    ['no token, by a method of its own', 'X-HTTP-Method-Override: OPTIONS', unauthorized],
    ['no token, with an upgrade', 'Upgrade: websocket', unauthorized],
    ['no token, before it sends its body', 'Expect: 100-continue', unauthorized],
  ]),
  {
    name: 'a token to read, which POST calls GET',
    reference: OVERRIDE,
    at: 'POST /products',
    headers: (token) => [`Authorization: Bearer ${token}`, 'X-HTTP-Method-Override: GET'],
    expected: forbidden('scope'),
  },
  {
    name: 'no token, behind a middleware that has set req.auth',
    reference: 'req.auth set by an earlier middleware',
    server: 'disguise',
    ...nothing,
    expected: unauthorized,
  },
  {
    name: 'junk, behind a middleware that has set req.auth',
    reference: 'req.auth set by an earlier middleware',
    server: 'disguise',
    ...sentAs(() => ['Authorization: Bearer junk']),
    expected: invalidToken('not_jwt'),
  },
  {
    name: 'a token to read for writing, behind a middleware that has set req.auth',
    reference: 'req.auth set by an earlier middleware',
    server: 'disguise',
    at: 'POST /products',
    expected: forbidden('scope'),
  },
  {
    name: 'honest: a token to read, behind a middleware that has set req.auth',
    reference: 'req.auth set by an earlier middleware',
    server: 'disguise',
    expected: accepted,
  },
];

const smuggling: Attack[] = variants(
  SMUGGLING,
  ([headers, body]: readonly [readonly string[], string]) => ({
    at: 'POST /healthz',
    headers: () => headers,
    body: () => body,
  }),
  [
    [
      'a body whose end is told in two ways',
      [['Transfer-Encoding: chunked'], '0\r\n\r\nGET /products HTTP/1.1\r\n\r\n'],
      byNode(400),
    ],
    ['two lengths', [['Content-Length: 0'], 'GET /products HTTP/1.1\r\n\r\n'], byNode(400)],
  ],
);

export const requests: Attack[] = [...elsewhere, ...routes, ...overrides, ...smuggling];
