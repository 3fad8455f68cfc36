import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { TokenFailedMessage } from '../../src/client/index.js';
import { failureOf, heard, scripted } from '../support/client.js';

/** What stood behind `Basic` in the request. */
const sent = ({ headers }: RequestInit): string =>
  (headers as Record<string, string>)['authorization']?.replace('Basic ', '') ?? '';
const decoded = (init: RequestInit): string => Buffer.from(sent(init), 'base64').toString();

const inLines = (text: string): string => text.replace(/(.{8})/g, '$1\n');
const formEncoded = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);
const escapedForJson = (text: string): string =>
  [...text].map((character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');

describe.each([
  'plain-secret',
  'abc+def/ghi',
  'p~ss:w=rt&',
  'with space-and-more',
  '100%25',
  'with "quotes" and \\',
])('the secret %j is in no error and in no message, where the answer echoes', (appSecret) => {
  it.each<[what: string, echo: (init: RequestInit) => string]>([
    ['it', () => appSecret],
    ['the Authorization header', (init) => `Basic ${sent(init)}`],
    ['what stands in that header', sent],
    ['that decoded', decoded],
    [
      'that decoded, with other capitals',
      (init) => decoded(init).replace(/%../g, (hex) => hex.toLowerCase()),
    ],
    ['it as a form has it', () => new URLSearchParams({ secret: appSecret }).toString()],
    ['it as an address has it', () => encodeURIComponent(appSecret)],
    ['it with its id, in base64', () => Buffer.from(`app:${appSecret}`).toString('base64')],
    ['it in base64', () => Buffer.from(appSecret).toString('base64')],
    ['it in base64url', () => Buffer.from(appSecret).toString('base64url')],
    [
      'what holds it, in base64 and in lines',
      () => inLines(Buffer.from(`the secret ${appSecret}!`).toString('base64')),
    ],
    ['it in hex', () => Buffer.from(appSecret).toString('hex')],
    ['it in hex, with capitals', () => Buffer.from(appSecret).toString('hex').toUpperCase()],
    ['it as JSON has it', () => JSON.stringify(appSecret).slice(1, -1)],
    ['it with each character escaped', () => escapedForJson(appSecret)],
    ['it as an address has it, twice', () => encodeURIComponent(encodeURIComponent(appSecret))],
    ['it as a form has it, three times', () => formEncoded(formEncoded(formEncoded(appSecret)))],
    ['it as a form has it, in JSON', () => JSON.stringify(escapedForJson(formEncoded(appSecret)))],
    [
      'what was sent, as JSON in an address',
      (init) => encodeURIComponent(JSON.stringify(`"${decoded(init)}"`)),
    ],
  ])('%s', async (_what, echo) => {
    let text = '';
    const answers = [
      (echoed: string) => ({ error: 'invalid_request', error_description: `what is ${echoed}?` }),
      (echoed: string) => ({ error: echoed, error_description: 'no' }),
    ];
    for (const answer of answers) {
      const { client } = scripted(
        (_request, init) => {
          text = echo(init);
          return Response.json(answer(text), { status: 400 });
        },
        { appSecret },
      );
      const [message] = await heard<TokenFailedMessage>('express-logto-m2m:token-failed', async () => {
        const error = await failureOf(client.getAccessToken());
        expect(error).toMatchObject({ name: 'M2MClientError' });
        for (const shown of [inspect(error, { depth: 10, showHidden: true }), JSON.stringify(error)]) {
          expect(shown).not.toContain(text);
          expect(shown).not.toContain(appSecret);
        }
      });
      expect(inspect(message, { depth: 10, showHidden: true })).not.toContain(text);
    }
  });
});

it('nor are the credentials of anybody else', async () => {
  const { client } = scripted(() =>
    Response.json(
      { error: 'invalid_request', error_description: 'Basic dXNlcjpwYXNzd29yZA==' },
      { status: 400 },
    ),
  );
  expect((await failureOf(client.getAccessToken()))?.message).not.toContain('dXNlcj');
});

it('nor is a secret that was read from a file with its quotation marks, where the answer echoes it without', async () => {
  const { client } = scripted(
    () => Response.json({ error: 'invalid_client', error_description: 'wrong: TopSecret' }, { status: 401 }),
    { appSecret: "'TopSecret' " },
  );
  expect((await failureOf(client.getAccessToken()))?.message).not.toContain('TopSecret');
});

it('what Logto says is one line, which writes nothing else to a terminal or a log', async () => {
  const { client } = scripted(() =>
    Response.json(
      { error: 'invalid_request', error_description: 'no\r\nGET /admin 200\u001b[2J\u009b' },
      { status: 400 },
    ),
  );
  const error = await failureOf(client.getAccessToken());
  expect(error?.description).toBe('no\\u000d\\u000aGET /admin 200\\u001b[2J\\u009b');
  expect(error?.message).not.toMatch(/\p{Cc}/u);
});

it('what Logto says of Basic authentication is told', async () => {
  const { client } = scripted(() =>
    Response.json(
      { error: 'invalid_client', error_description: 'Basic authentication failed' },
      { status: 401 },
    ),
  );
  expect((await failureOf(client.getAccessToken()))?.description).toBe('Basic authentication failed');
});

it('what Logto says besides is told, and no more than 200 characters of it', async () => {
  const { client } = scripted(() =>
    Response.json(
      { error: 'invalid_request', error_description: `Basic ${'x '.repeat(500)}` },
      { status: 400 },
    ),
  );
  const error = await failureOf(client.getAccessToken());
  expect(error?.description).toBe(`Basic ${'x '.repeat(97)}…`);
});
