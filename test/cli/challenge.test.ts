import { expect, it } from 'vitest';
import { challengeIn } from '../../src/cli/diagnosis/challenge.js';

const read = (header: string) => challengeIn(new Headers({ 'www-authenticate': header }));
const nothing = { scopes: [], error: undefined, description: undefined };

it.each<[header: string, challenge: ReturnType<typeof challengeIn>]>([
  ['Bearer', nothing],
  ['bearer realm="a"', nothing],
  ['Bearer, Basic realm="x"', nothing],
  ['Bearer scope="a b", Basic realm="x", error="not_ours"', { ...nothing, scopes: ['a', 'b'] }],
  ['Basic realm="a, Bearer b", Bearer error=invalid_token', { ...nothing, error: 'invalid_token' }],
  ['Negotiate abc==, Bearer scope=a', { ...nothing, scopes: ['a'] }],
  ['Bearer error_description="say \\"please\\""', { ...nothing, description: 'say "please"' }],
  ['Bearer scope="never closed', nothing],
  ['Basic realm="Bearer"', undefined],
  ['Bearers scope="a"', undefined],
  ['', undefined],
])('reads the challenge for bearer tokens: %s', (header, challenge) => {
  expect(read(header)).toEqual(challenge);
});
