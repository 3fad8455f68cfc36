import {
  type Attack,
  accepted,
  byNode,
  invalidToken,
  malformed,
  sentAs,
  unauthorized,
  variants,
} from '../attack.js';

const SYNTAX = 'RFC 6750 section 2.1, RFC 9110 section 11.4';
const SEVERAL = 'two headers, of which two readers may take two (CWE-444)';
const LINES = 'RFC 9112 section 5, header lines';

/** What stands behind the header's name. */
const credentials = (make: (token: string) => string) => sentAs((token) => [`Authorization: ${make(token)}`]);
const lines = (make: (token: string) => readonly string[]) => sentAs((token) => make(token));

const forms = variants(SYNTAX, credentials, [
  ['Bearer alone', () => 'Bearer', malformed],
  ['Bearer and a comma', () => 'Bearer,', malformed],
  ['Bearer twice', (token) => `Bearer Bearer ${token}`, malformed],
  ['the token twice', (token) => `Bearer ${token} ${token}`, malformed],
  ['two tokens joined by a comma', (token) => `Bearer ${token},${token}`, malformed],
  ['two credentials joined by a comma', (token) => `Bearer ${token}, Bearer ${token}`, malformed],
  ['Basic joined behind Bearer', (token) => `Bearer ${token}, Basic YTpi`, malformed],
  ['Bearer joined behind Basic', (token) => `Basic YTpi, Bearer ${token}`, unauthorized],
  ['a tab for the space', (token) => `Bearer\t${token}`, malformed],
  ['a tab behind the space', (token) => `Bearer \t${token}`, malformed],
  ['a no-break space for the space', (token) => `Bearer\u00a0${token}`, malformed],
  ['a vertical tab for the space', (token) => `Bearer\u000b${token}`, byNode(400)],
  ['a colon for the space', (token) => `Bearer:${token}`, malformed],
  ['a sign of equality for the space', (token) => `Bearer=${token}`, malformed],
  ['the token as a parameter', (token) => `Bearer token="${token}"`, malformed],
  ['the token behind a realm', (token) => `Bearer realm="api", ${token}`, malformed],
  ['letters beyond ASCII for a token', () => 'Bearer t\u00f6k\u00e4n', malformed],
  ['another scheme', () => 'Basic YTpi', unauthorized],
  [
    'the token as a password',
    (token) => `Basic ${Buffer.from(`x:${token}`).toString('base64')}`,
    unauthorized,
  ],
  ['the token under DPoP', (token) => `DPoP ${token}`, unauthorized],
  ['the token under MAC', (token) => `MAC id="${token}"`, unauthorized],
  ['the token under JWT', (token) => `JWT ${token}`, unauthorized],
  ['the token under Token', (token) => `Token ${token}`, unauthorized],
  ['a scheme that begins with Bearer', (token) => `BearerX ${token}`, unauthorized],
  ['a scheme that Bearer begins with', (token) => `Bear ${token}`, unauthorized],
  ['Bearer with a Cyrillic letter', (token) => `B\u00d0\u00b5arer ${token}`, unauthorized],
  ['Bearer in quotes', (token) => `"Bearer" ${token}`, unauthorized],
  ['a comma before Bearer', (token) => `, Bearer ${token}`, unauthorized],
  ['the token without a scheme', (token) => token, unauthorized],
  ['a byte order mark before Bearer', (token) => `\u00ef\u00bb\u00bfBearer ${token}`, unauthorized],
  ['junk of 15 KiB', () => `Bearer ${'x'.repeat(15 * 1024)}`, invalidToken('not_jwt')],
  ['dots of 15 KiB', () => `Bearer ${'.'.repeat(15 * 1024)}`, invalidToken('not_jwt')],
  ['spaces of 15 KiB and no token', () => `Bearer ${' '.repeat(15 * 1024)}x y`, malformed],
  ['signs of equality of 15 KiB', () => `Bearer x${'='.repeat(15 * 1024)}x`, malformed],
  ['a header over Node’s own limit', () => `Bearer ${'x'.repeat(17 * 1024)}`, byNode(431)],
  ['honest: the scheme in lower case', (token) => `bearer ${token}`, accepted],
  ['honest: the scheme in upper case', (token) => `BEARER ${token}`, accepted],
  ['honest: the scheme in mixed case', (token) => `bEaReR ${token}`, accepted],
  ['honest: several spaces', (token) => `Bearer    ${token}`, accepted],
  ['honest: spaces and tabs before the scheme', (token) => ` \t Bearer ${token}`, accepted],
]);

const severalLines = variants(SEVERAL, lines, [
  [
    'two Authorization headers with the same token',
    (token) => [`Authorization: Bearer ${token}`, `Authorization: Bearer ${token}`],
    malformed,
  ],
  [
    'two Authorization headers, junk last',
    (token) => [`Authorization: Bearer ${token}`, 'Authorization: Bearer x'],
    malformed,
  ],
  [
    'two Authorization headers, junk first',
    (token) => ['Authorization: Bearer x', `Authorization: Bearer ${token}`],
    malformed,
  ],
  [
    'two Authorization headers of two schemes',
    (token) => [`Authorization: Bearer ${token}`, 'Authorization: Basic YTpi'],
    malformed,
  ],
  [
    'two Authorization headers, one of them empty',
    (token) => [`Authorization: Bearer ${token}`, 'Authorization:'],
    malformed,
  ],
  [
    'two Authorization headers in other letters, with another between them',
    (token) => [`AUTHORIZATION: Bearer ${token}`, 'Accept: */*', `authorization: Bearer ${token}`],
    malformed,
  ],
  [
    'three Authorization headers',
    (token) => Array<string>(3).fill(`Authorization: Bearer ${token}`),
    malformed,
  ],
  ['a hundred Authorization headers', () => Array<string>(100).fill('Authorization: Bearer x'), malformed],
]);

const headerLines = variants(LINES, lines, [
  ['no Authorization header', () => [], unauthorized],
  ['a NUL in the header', (token) => [`Authorization: Bearer ${token}\u0000`], byNode(400)],
  ['a delete character in the header', (token) => [`Authorization: Bearer ${token}\u007f`], byNode(400)],
  ['a space before the colon', (token) => [`Authorization : Bearer ${token}`], byNode(400)],
  ['a header on two lines', (token) => ['Authorization: Bearer', ` ${token}`], byNode(400)],
  ['a bare line break in the header', (token) => [`X: y\nAuthorization: Bearer ${token}`], byNode(400)],
  ['a bare carriage return in the header', (token) => [`X: y\rAuthorization: Bearer ${token}`], byNode(400)],
  ['a line without a colon', (token) => [`Authorization Bearer ${token}`], byNode(400)],
  ['a name with an underscore', (token) => [`Authorization_: Bearer ${token}`], unauthorized],
  ['a name with a letter too many', (token) => [`Authorizations: Bearer ${token}`], unauthorized],
  ['Proxy-Authorization', (token) => [`Proxy-Authorization: Bearer ${token}`], unauthorized],
  ['X-Authorization', (token) => [`X-Authorization: Bearer ${token}`], unauthorized],
  ['X-Forwarded-Authorization', (token) => [`X-Forwarded-Authorization: Bearer ${token}`], unauthorized],
  ['X-Access-Token', (token) => [`X-Access-Token: ${token}`], unauthorized],
  ['X-Api-Key', (token) => [`X-Api-Key: ${token}`], unauthorized],
  ['WWW-Authenticate', (token) => [`WWW-Authenticate: Bearer ${token}`], unauthorized],
  ['Sec-WebSocket-Protocol', (token) => [`Sec-WebSocket-Protocol: bearer, ${token}`], unauthorized],
  ['a header called __proto__', (token) => [`__proto__: Bearer ${token}`], unauthorized],
  [
    'two thousand headers, which is more than Node reads',
    (token) => [
      ...Array.from({ length: 2_001 }, (_, i) => `${i.toString(36)}:`),
      `Authorization: Bearer ${token}`,
    ],
    unauthorized,
  ],
  ['honest: the name in lower case', (token) => [`authorization: Bearer ${token}`], accepted],
  ['honest: no space behind the colon', (token) => [`Authorization:Bearer ${token}`], accepted],
]);

export const authorizationHeader: Attack[] = [...forms, ...severalLines, ...headerLines];
