import { AUDIENCE } from '../../support/logto.js';
import { type Attack, accepted, invalidToken, variants, withClaims } from '../attack.js';
import { lookAlike } from '../forging.js';
import { ORGANIZATION } from '../lab.js';

const ISS = 'RFC 8725 section 3.8, RFC 9068 section 4: iss compared to the letter';
const AUD = 'RFC 7519 section 4.1.3, RFC 8707: aud compared to the letter';

const otherIssuer = invalidToken('issuer');
const otherAudience = invalidToken('audience');
const badClaim = invalidToken('claims');

const issuers: Attack[] = [
  ...variants(
    ISS,
    (change: (issuer: string) => unknown) => withClaims(({ logto }) => ({ iss: change(logto.issuer) })),
    [
      ['iss missing', () => undefined, otherIssuer],
      ['iss null', () => null, otherIssuer],
      ['iss empty', () => '', otherIssuer],
      ['iss a number', () => 1, otherIssuer],
      ['iss an object', (issuer) => ({ issuer }), otherIssuer],
      ['iss an array of ours', (issuer) => [issuer], otherIssuer],
      ['iss an array of ours and another', (issuer) => [issuer, 'https://evil.example'], otherIssuer],
      ['iss with a slash', (issuer) => `${issuer}/`, otherIssuer],
      ['iss with two slashes', (issuer) => issuer.replace('/oidc', '//oidc'), otherIssuer],
      ['iss in upper case', (issuer) => issuer.toUpperCase(), otherIssuer],
      ['iss with its scheme in upper case', (issuer) => issuer.replace('http', 'HTTP'), otherIssuer],
      ['iss by https', (issuer) => issuer.replace('http:', 'https:'), otherIssuer],
      ['iss without a scheme', (issuer) => issuer.replace('http:', ''), otherIssuer],
      ['iss the endpoint without its path', (issuer) => issuer.replace('/oidc', ''), otherIssuer],
      ['iss with a user', (issuer) => issuer.replace('//', '//logto@'), otherIssuer],
      [
        'iss ours as the user of another host',
        (issuer) => issuer.replace('/oidc', '@evil.example/oidc'),
        otherIssuer,
      ],
      ['iss a host that begins like ours', (issuer) => issuer.replace(/:\d+/, '.evil.example'), otherIssuer],
      ['iss another host that ends like ours', (issuer) => issuer.replace('//', '//evil-'), otherIssuer],
      [
        'iss the same host by another name',
        (issuer) => issuer.replace('127.0.0.1', 'localhost'),
        otherIssuer,
      ],
      ['iss the same host as one number', (issuer) => issuer.replace('127.0.0.1', '2130706433'), otherIssuer],
      ['iss the same host cut short', (issuer) => issuer.replace('127.0.0.1', '127.1'), otherIssuer],
      ['iss the same host by IPv6', (issuer) => issuer.replace('127.0.0.1', '[::ffff:7f00:1]'), otherIssuer],
      ['iss without its port', (issuer) => issuer.replace(/:\d+/, ''), otherIssuer],
      ['iss with a zero before its port', (issuer) => issuer.replace(/:(\d+)/, ':0$1'), otherIssuer],
      ['iss with a way up', (issuer) => `${issuer}/../oidc`, otherIssuer],
      ['iss with an escape', (issuer) => issuer.replace('/oidc', '/%6fidc'), otherIssuer],
      ['iss with a query', (issuer) => `${issuer}?x`, otherIssuer],
      ['iss with a fragment', (issuer) => `${issuer}#x`, otherIssuer],
      ['iss with a space before it', (issuer) => ` ${issuer}`, otherIssuer],
      ['iss with a line break behind it', (issuer) => `${issuer}\n`, otherIssuer],
      ['iss with a NUL and more', (issuer) => `${issuer}\u0000.evil.example`, otherIssuer],
      ['iss with a backslash', (issuer) => issuer.replace('/oidc', '\\oidc'), otherIssuer],
      ['iss with a Cyrillic letter', lookAlike, otherIssuer],
      ['iss with a zero-width space', (issuer) => `${issuer}\u200b`, otherIssuer],
      ['iss __proto__ as a value', () => '__proto__', otherIssuer],
      ['iss constructor', () => 'constructor', otherIssuer],
    ],
  ),
];

const audiences: Attack[] = variants(AUD, (aud: unknown) => withClaims({ aud }), [
  ['aud missing', undefined, badClaim],
  ['aud null', null, badClaim],
  ['aud a number', 1, badClaim],
  ['aud true', true, badClaim],
  ['aud an object', { 0: AUDIENCE, length: 1 }, badClaim],
  ['aud empty', '', otherAudience],
  ['aud an empty array', [], otherAudience],
  ['aud an array without ours', ['https://other.api', 'https://third.api'], otherAudience],
  ['aud an array inside an array', [[AUDIENCE]], otherAudience],
  ['aud ours and a number', [AUDIENCE, 1], badClaim],
  ['aud ours and null', [AUDIENCE, null], badClaim],
  ['aud ours and an object', [AUDIENCE, {}], badClaim],
  ['aud ours and an organization', [AUDIENCE, `urn:logto:organization:${ORGANIZATION}`], badClaim],
  ['aud ours and all organizations', [AUDIENCE, 'urn:logto:resource:organizations'], badClaim],
  ['aud another API', 'https://other.api', otherAudience],
  ['aud a beginning of ours', AUDIENCE.slice(0, -1), otherAudience],
  ['aud that begins with ours', `${AUDIENCE}.evil.example`, otherAudience],
  ['aud that ends with ours', `https://evil.example/${AUDIENCE}`, otherAudience],
  ['aud two in one string', `${AUDIENCE} https://other.api`, otherAudience],
  ['aud two in one string with a comma', `${AUDIENCE},https://other.api`, otherAudience],
  ['aud in upper case', AUDIENCE.toUpperCase(), otherAudience],
  ['aud with a slash', `${AUDIENCE}/`, otherAudience],
  ['aud with a fragment', `${AUDIENCE}#x`, otherAudience],
  ['aud with a port', `${AUDIENCE}:443`, otherAudience],
  ['aud by http', AUDIENCE.replace('https', 'http'), otherAudience],
  ['aud with a space behind it', `${AUDIENCE} `, otherAudience],
  ['aud with a NUL behind it', `${AUDIENCE}\u0000`, otherAudience],
  ['aud with Cyrillic letters', lookAlike(AUDIENCE), otherAudience],
  ['aud everything', '*', otherAudience],
  ['aud a member of every array', 'length', otherAudience],
  ['honest: aud an array of ours', [AUDIENCE], accepted],
  ['honest: aud an array with ours', ['https://other.api', AUDIENCE], accepted],
]);

export const issuerAndAudience: Attack[] = [...issuers, ...audiences];
