import { describe, expect, it } from 'vitest';
import { Undecodable } from '../../src/cli/diagnosis/decoded-token.js';
import { tokenIn } from '../../src/cli/diagnosis/pasted-token.js';
import { AUDIENCE, readingToken, sharedLogto } from '../support/logto.js';
import { logtoM2M } from './command.js';

const logto = await sharedLogto();

const inspect = (stdin: string) =>
  logtoM2M(['inspect'], { stdin, env: { LOGTO_ENDPOINT: logto.endpoint, LOGTO_AUDIENCE: AUDIENCE } });

const wrapped = (token: string, width: number, indent = '') =>
  token.replace(new RegExp(`.{${width}}(?=.)`, 'g'), `$&\n${indent}`);
const idToken = await readingToken(logto, {
  subject: 'user-1',
  header: { typ: 'JWT' },
  claims: { client_id: undefined },
});

// Each is four megabytes long: where the work grew with the square of it, this would take hours.
it.each([
  ['beginnings of tokens', 'eyJ'],
  ['beginnings with a dot', 'eyJ.'],
  ['dots', '.'],
  ['line breaks', 'x\n'],
  ['spaces', ' '],
  ['names', 'access_token '],
  ['names of nothing', 'access_token="'],
  ['whole tokens', 'eyJa.eyJb.c '],
])('looks at %s no longer than it takes to read them', (_what, part) => {
  const many = part.repeat(2 ** 22 / part.length);
  for (const text of [many, `eyJa.b.c${many}x`, `${many}-`]) {
    const found = tokenIn(text);
    expect(found instanceof Undecodable || typeof found.token === 'string').toBe(true);
  }
});

describe('logto-m2m inspect takes what people paste', () => {
  it.each<[what: string, paste: (token: string) => string]>([
    ['a header', (token) => `Authorization: Bearer ${token}`],
    ['a header in quotes', (token) => `"Authorization: Bearer ${token}"`],
    ['a header of curl', (token) => `curl -H "Authorization: Bearer ${token}" https://shop.example`],
    ['a token in quotes', (token) => `'${token}'`],
    ["Logto's answer", (token) => JSON.stringify({ access_token: token, expires_in: 3600, scope: 'a' })],
    [
      "Logto's answer on several lines",
      (token) => JSON.stringify({ expires_in: 3600, access_token: token }, undefined, 2),
    ],
    ['a member of it', (token) => `"access_token": "${token}",`],
    ['a parameter', (token) => `access_token=${token}&token_type=Bearer`],
    ['a line of settings among others', (token) => `HOST=a.example\nTOKEN=${token}\nPORT=3000`],
    ['a trailing comma', (token) => `${token},`],
    ['the end of a sentence', (token) => `It is ${token}.`],
    ['a zero-width space', (token) => `\u200b${token}\ufeff`],
    ['a token wrapped by a terminal', (token) => wrapped(token, 80)],
    ['a token wrapped by a mail', (token) => `> Bearer\r\n${wrapped(token, 60, '  ')}`],
    ['a token with a break at its first dot', (token) => token.replace('.', '.\n')],
    ['a token with a break in its signature', (token) => `"${token.slice(0, -20)}\n${token.slice(-20)}"`],
  ])('%s', async (_what, paste) => {
    const { code, stdout, stderr } = await inspect(paste(await readingToken(logto)));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^✓ Accepted/m);
  });

  it.each<[what: string, paste: (token: string) => string, said: string]>([
    [
      'an answer',
      (token) => JSON.stringify({ id_token: idToken, access_token: token }),
      'The input also contains an id_token: only the access token',
    ],
    [
      'an address',
      (token) => `https://app.example/#id_token=${idToken}&access_token=${token}`,
      'The input also contains other tokens: only the access token',
    ],
  ])('of several in %s the access token, and says so', async (_what, paste, said) => {
    const { code, stdout, stderr } = await inspect(paste(await readingToken(logto)));
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('✓ Accepted') });
    expect(stderr).toContain(said);
  });

  it('of an answer with no other token the ID token', async () => {
    const { stdout } = await inspect(JSON.stringify({ id_token: idToken }));
    expect(stdout).toMatch(/^An ID token/);
  });

  it('and does not choose between two', async () => {
    const { code, stdout } = await inspect(`${await readingToken(logto)}\n${await readingToken(logto)}`);
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringContaining('several tokens') });
  });
});
