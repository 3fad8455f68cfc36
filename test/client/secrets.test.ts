import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { TokenFailedMessage } from '../../src/client/index.js';
import { failureOf, heard, scripted } from '../support/client.js';

/** The credentials after `Basic` in the request. */
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
])('the secret %j appears in no error and no message if the response echoes', (appSecret) => {
  it.each<[what: string, echo: (init: RequestInit) => string]>([
    ['the secret', () => appSecret],
    ['the Authorization header', (init) => `Basic ${sent(init)}`],
    ['the credentials in that header', sent],
    ['the decoded credentials', decoded],
    [
      'the decoded credentials with lower-case escapes',
      (init) => decoded(init).replace(/%../g, (hex) => hex.toLowerCase()),
    ],
    ['the form-encoded secret', () => new URLSearchParams({ secret: appSecret }).toString()],
    ['the URL-encoded secret', () => encodeURIComponent(appSecret)],
    ['the app id and the secret in base64', () => Buffer.from(`app:${appSecret}`).toString('base64')],
    ['the secret in base64', () => Buffer.from(appSecret).toString('base64')],
    ['the secret in base64url', () => Buffer.from(appSecret).toString('base64url')],
    [
      'a text with the secret in base64 lines',
      () => inLines(Buffer.from(`the secret ${appSecret}!`).toString('base64')),
    ],
    ['the secret in hex', () => Buffer.from(appSecret).toString('hex')],
    ['the secret in upper-case hex', () => Buffer.from(appSecret).toString('hex').toUpperCase()],
    ['the JSON-encoded secret', () => JSON.stringify(appSecret).slice(1, -1)],
    ['the secret with each character escaped', () => escapedForJson(appSecret)],
    ['the secret, URL-encoded twice', () => encodeURIComponent(encodeURIComponent(appSecret))],
    ['the secret, form-encoded three times', () => formEncoded(formEncoded(formEncoded(appSecret)))],
    ['the form-encoded secret in JSON', () => JSON.stringify(escapedForJson(formEncoded(appSecret)))],
    [
      'the decoded credentials, URL-encoded as JSON',
      (init) => encodeURIComponent(JSON.stringify(`"${decoded(init)}"`)),
    ],
  ])('%s', async (_what, echo) => {
    let text = '';
    const bodies = [
      (echoed: string) => ({ error: 'invalid_request', error_description: `what is ${echoed}?` }),
      (echoed: string) => ({ error: echoed, error_description: 'no' }),
    ];
    for (const body of bodies) {
      const { client } = scripted(
        (_request, init) => {
          text = echo(init);
          return Response.json(body(text), { status: 400 });
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

it('an error contains no other credentials that the response echoes', async () => {
  const { client } = scripted(() =>
    Response.json(
      { error: 'invalid_request', error_description: 'Basic dXNlcjpwYXNzd29yZA==' },
      { status: 400 },
    ),
  );
  expect((await failureOf(client.getAccessToken()))?.message).not.toContain('dXNlcj');
});

it('an error does not contain a quoted secret that the response echoes without quotes', async () => {
  const { client } = scripted(
    () => Response.json({ error: 'invalid_client', error_description: 'wrong: TopSecret' }, { status: 401 }),
    { appSecret: "'TopSecret' " },
  );
  expect((await failureOf(client.getAccessToken()))?.message).not.toContain('TopSecret');
});

it('the description of an error is one line without control characters', async () => {
  const { client } = scripted(() =>
    Response.json(
      { error: 'invalid_request', error_description: 'no\r\nGET /admin 200\u001b[2J\u009b' },
      { status: 400 },
    ),
  );
  const error = await failureOf(client.getAccessToken());
  expect(error?.description).toBe('no GET /admin 200 [2J ');
  expect(error?.message).not.toMatch(/\p{Cc}/u);
});

it('the description of an error can mention Basic authentication', async () => {
  const { client } = scripted(() =>
    Response.json(
      { error: 'invalid_client', error_description: 'Basic authentication failed' },
      { status: 401 },
    ),
  );
  expect((await failureOf(client.getAccessToken()))?.description).toBe('Basic authentication failed');
});

it('the description of an error has at most 200 characters', async () => {
  const { client } = scripted(() =>
    Response.json(
      { error: 'invalid_request', error_description: `Basic ${'x '.repeat(500)}` },
      { status: 400 },
    ),
  );
  const error = await failureOf(client.getAccessToken());
  expect(error?.description).toBe(`Basic ${'x '.repeat(97)}…`);
});
