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

// Each input has four megabytes: in quadratic time, this would take hours.
it.each([
  ['beginnings of tokens', 'eyJ'],
  ['beginnings of tokens with a dot', 'eyJ.'],
  ['dots', '.'],
  ['line breaks', 'x\n'],
  ['spaces', ' '],
  ['names', 'access_token '],
  ['names without a value', 'access_token="'],
  ['whole tokens', 'eyJa.eyJb.c '],
])('tokenIn searches %s in linear time', (_what, part) => {
  const many = part.repeat(2 ** 22 / part.length);
  for (const text of [many, `eyJa.b.c${many}x`, `${many}-`]) {
    const found = tokenIn(text);
    expect(found instanceof Undecodable || typeof found.token === 'string').toBe(true);
  }
});

describe('logto-m2m inspect, for pasted text,', () => {
  it.each<[what: string, paste: (token: string) => string]>([
    ['a header', (token) => `Authorization: Bearer ${token}`],
    ['a header in quotes', (token) => `"Authorization: Bearer ${token}"`],
    ['a curl command', (token) => `curl -H "Authorization: Bearer ${token}" https://shop.example`],
    ['quotation marks', (token) => `'${token}'`],
    ["Logto's response", (token) => JSON.stringify({ access_token: token, expires_in: 3600, scope: 'a' })],
    [
      "Logto's response on several lines",
      (token) => JSON.stringify({ expires_in: 3600, access_token: token }, undefined, 2),
    ],
    ['a member of the response', (token) => `"access_token": "${token}",`],
    ['URL parameters', (token) => `access_token=${token}&token_type=Bearer`],
    ['a file of settings', (token) => `HOST=a.example\nTOKEN=${token}\nPORT=3000`],
    ['a text with a trailing comma', (token) => `${token},`],
    ['a sentence', (token) => `It is ${token}.`],
    ['a text with zero-width spaces', (token) => `\u200b${token}\ufeff`],
    ['lines wrapped by a terminal', (token) => wrapped(token, 80)],
    ['lines wrapped by a mail program', (token) => `> Bearer\r\n${wrapped(token, 60, '  ')}`],
    ['two lines, with a break after its first dot', (token) => token.replace('.', '.\n')],
    ['two lines, with a break in its signature', (token) => `"${token.slice(0, -20)}\n${token.slice(-20)}"`],
  ])('finds the token in %s', async (_what, paste) => {
    const { code, stdout, stderr } = await inspect(paste(await readingToken(logto)));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^✓ Accepted/m);
  });

  it.each<[what: string, paste: (token: string) => string, said: string]>([
    [
      'a response',
      (token) => JSON.stringify({ id_token: idToken, access_token: token }),
      'The input also contains an id_token: only the access token',
    ],
    [
      'a URL',
      (token) => `https://app.example/#id_token=${idToken}&access_token=${token}`,
      'The input also contains other tokens: only the access token',
    ],
  ])('takes the access token from %s with several tokens, and says so', async (_what, paste, said) => {
    const { code, stdout, stderr } = await inspect(paste(await readingToken(logto)));
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('✓ Accepted') });
    expect(stderr).toContain(said);
  });

  it('takes the ID token from a response without another token', async () => {
    const { stdout } = await inspect(JSON.stringify({ id_token: idToken }));
    expect(stdout).toMatch(/^An ID token/);
  });

  it('does not choose between two access tokens', async () => {
    const { code, stdout } = await inspect(`${await readingToken(logto)}\n${await readingToken(logto)}`);
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringContaining('several tokens') });
  });
});
