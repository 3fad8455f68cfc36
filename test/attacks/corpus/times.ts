import { now } from '../../support/logto.js';
import { signJws } from '../../support/signing.js';
import { type Attack, accepted, invalidToken, variants, withClaims } from '../attack.js';
import { nested, withMember } from '../forging.js';

const EXP = 'RFC 7519 section 4.1.4, RFC 9068 section 2.2';
const NBF = 'RFC 7519 section 4.1.5';
const IAT = 'RFC 7519 section 4.1.6, RFC 9068 section 2.2';
const NUMBER = 'RFC 7519 section 2, NumericDate';

const badClaim = invalidToken('claims');
const expired = invalidToken('expired');

/** One claim written by hand, in the place of the usual one. */
const written = (name: string) => (json: string) => ({
  token: ({ logto }: Parameters<NonNullable<Attack['token']>>[0]) =>
    signJws(logto.header(), withMember(logto.claims({ [name]: undefined }), `"${name}":${json}`), logto.key),
});
const claim = (name: string) => (value: () => unknown) => withClaims(() => ({ [name]: value() }));

export const times: Attack[] = [
  ...variants(EXP, claim('exp'), [
    ['exp missing', () => undefined, badClaim],
    ['exp null', () => null, badClaim],
    ['exp a string', () => String(now() + 3600), badClaim],
    ['exp a word', () => 'never', badClaim],
    ['exp an empty string', () => '', badClaim],
    ['exp true', () => true, badClaim],
    ['exp an array', () => [now() + 3600], badClaim],
    ['exp an object', () => ({ valueOf: now() + 3600 }), badClaim],
    ['exp in ms', () => Date.now() + 3_600_000, badClaim],
    ['exp after the year 9999', () => 253_402_300_800, badClaim],
    ['exp huge', () => 1e300, badClaim],
    ['exp negative', () => -1, expired],
    ['exp zero', () => 0, expired],
    ['exp an hour ago', () => now() - 3600, expired],
    ['exp as long ago as the clocks may differ', () => now() - 5, expired],
    ['exp a float in the past', () => now() - 60.5, expired],
    ['honest: exp a float ahead', () => now() + 60.5, accepted],
    ['honest: exp two seconds ago, which a clock may be wrong by', () => now() - 2, accepted],
    ['honest: exp the last second of the year 9999', () => 253_402_300_799, accepted],
  ]),
  ...variants(NUMBER, written('exp'), [
    ['exp infinite', '1e999', badClaim],
    ['exp negative and infinite', '-1e999', expired],
    ['exp NaN', 'NaN', invalidToken('not_jwt')],
    ['exp in hexadecimal', '0xffffffff', invalidToken('not_jwt')],
    ['exp with a plus', '+9999999999', invalidToken('not_jwt')],
    ['exp with a leading zero', '09999999999', invalidToken('not_jwt')],
    ['exp minus zero', '-0', expired],
    ['exp with an exponent, in the past', '1e9', expired],
    ['exp twice, the past last', `9999999999,"exp":1`, expired],
    ['exp an array that is 1,000 deep', nested(1_000), badClaim],
    ['honest: exp with an exponent, ahead', '9.999999999e9', accepted],
  ]),
  ...variants(NBF, claim('nbf'), [
    ['nbf a minute ahead', () => now() + 60, invalidToken('not_yet_valid')],
    ['nbf in ms', () => Date.now(), invalidToken('not_yet_valid')],
    ['nbf huge', () => 1e300, invalidToken('not_yet_valid')],
    ['nbf a string', () => String(now() - 60), badClaim],
    ['nbf null', () => null, badClaim],
    ['nbf an array', () => [0], badClaim],
    ['nbf negative', () => -1, badClaim],
    ['honest: nbf two seconds ahead, which a clock may be wrong by', () => now() + 2, accepted],
    ['honest: nbf in the past', () => now() - 60, accepted],
  ]),
  ...variants(IAT, claim('iat'), [
    ['iat missing', () => undefined, badClaim],
    ['iat null', () => null, badClaim],
    ['iat a string', () => String(now()), badClaim],
    ['iat an array', () => [now()], badClaim],
    ['iat negative', () => -1, badClaim],
    ['iat in ms', () => Date.now(), badClaim],
    ['honest: iat ahead is no condition', () => now() + 60, accepted],
    ['honest: iat a float', () => now() - 0.5, accepted],
  ]),
  {
    name: 'iat infinite',
    reference: NUMBER,
    ...written('iat')('1e999'),
    expected: badClaim,
  },
  {
    name: 'expired, and signed by the attacker: time is looked at first',
    reference: 'cheap refusals first',
    token: ({ logto, attacker }) =>
      logto.token({
        key: attacker.keys.ES384,
        header: { kid: logto.key.kid },
        claims: { exp: now() - 60 },
      }),
    expected: expired,
  },
];
