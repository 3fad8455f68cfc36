import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { M2MClientOptions, ScopesMissingMessage, TokenFailedMessage } from '../../src/client/index.js';
import { createLogtoAuth } from '../../src/index.js';
import { API, failureOf, heard, Recorder, TokenIssuer } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { travel } from '../support/result.js';

let logto: TokenIssuer;

beforeEach(async () => {
  logto = await TokenIssuer.start();
});
afterEach(async () => {
  vi.useRealTimers();
  await logto.stop();
});

describe('a token', () => {
  it('is accepted by the API, and has the expiry and scopes that Logto named', async () => {
    const { token, expiresAt, scopes } = await logto.client().getAccessToken();
    const auth = createLogtoAuth({ endpoint: logto.endpoint, audience: API });
    const verified = await auth.verify(token, { scopes: ['read:products'] });
    expect(verified).toMatchObject({ clientId: logto.app().id, scopes: ['read:products'] });
    expect(scopes).toEqual(['read:products']);
    // The client counts from the start of its request.
    expect(verified.expiresAt - expiresAt).toBeGreaterThanOrEqual(0);
    expect(verified.expiresAt - expiresAt).toBeLessThanOrEqual(1);
  });

  it("is valid inside an organization, or is the organization's own, as the options say", async () => {
    const organizationId = 'tgqjike3k7pu';
    const auth = createLogtoAuth({ endpoint: logto.endpoint, audience: API });
    const inside = logto.client({ organizationId }, 'partner-service');
    await expect(
      auth.verify((await inside.getAccessToken()).token, { organization: { id: organizationId } }),
    ).resolves.toMatchObject({ organizationId, scopes: ['read:products'] });
    const own = logto.client(
      { organizationId, resource: undefined, scopes: ['read:reports'] },
      'partner-service',
    );
    await expect(
      auth.verify((await own.getAccessToken()).token, { organizationToken: { id: organizationId } }),
    ).resolves.toMatchObject({ organizationId, scopes: ['read:reports'] });
  });

  it('has scopes that a caller can change without an effect on other calls', async () => {
    const client = logto.client();
    ((await client.getAccessToken()).scopes as string[]).push('delete:products');
    expect((await client.getAccessToken()).scopes).toEqual(['read:products']);
  });

  it('is cached, and requested once by concurrent calls', async () => {
    const client = logto.client();
    const tokens = await Promise.all(Array.from({ length: 200 }, () => client.getAccessToken()));
    expect(new Set(tokens.map(({ token }) => token)).size).toBe(1);
    await client.getAccessToken();
    expect(logto.tokenRequests).toBe(1);
  });

  it('is replaced before it expires, without a delay for any call', async () => {
    const client = logto.client({ refreshBefore: 60 });
    const first = await client.getAccessToken();
    travel(3600 - 75);
    expect(await client.getAccessToken()).toEqual(first);
    expect(logto.tokenRequests).toBe(1);
    travel(20);
    // The cached token is still valid, and is returned at once.
    expect(await client.getAccessToken()).toEqual(first);
    await eventually(async () => expect((await client.getAccessToken()).token).not.toBe(first.token));
    expect(logto.tokenRequests).toBe(2);
  });

  it('with a short lifetime is replaced after half of it', async () => {
    logto.lifetime = 40;
    const client = logto.client({ refreshBefore: 60 });
    await client.getAccessToken();
    await client.getAccessToken();
    expect(logto.tokenRequests).toBe(1);
    travel(21);
    await client.getAccessToken();
    await eventually(() => expect(logto.tokenRequests).toBe(2));
  });

  it('that is about to expire is not returned if Logto issues a new one', async () => {
    const client = logto.client();
    const first = await client.getAccessToken();
    travel(3600 - 3);
    expect((await client.getAccessToken()).token).not.toBe(first.token);
  });

  it('is returned until it expires while Logto is down, with only a brief delay for each call', async () => {
    const client = logto.client();
    const first = await client.getAccessToken();
    travel(3600 - 75);
    await logto.goDown();
    for (let second = 0; second < 74; second += 2) {
      const began = performance.now();
      expect((await client.getAccessToken()).token).toBe(first.token);
      expect(performance.now() - began).toBeLessThan(2_000);
      travel(2);
    }
    await logto.comeBack();
    travel(10);
    expect((await client.getAccessToken()).token).not.toBe(first.token);
  });
});

describe('if Logto issues no token,', () => {
  const failing = (client = logto.client()) => failureOf(client.getAccessToken());

  it('the client retries after a temporary failure, but not after a refusal', async () => {
    let responses = 0;
    const busy = await Recorder.start((_req, res) => {
      responses += 1;
      if (responses < 3) res.writeHead(responses === 1 ? 503 : 429, { 'retry-after': '0' }).end();
      else {
        res.setHeader('content-type', 'application/json');
        res.end(JSON.stringify({ access_token: 'a', token_type: 'Bearer', expires_in: 60 }));
      }
    });
    const { token } = await logto.client({ endpoint: busy.url }).getAccessToken();
    expect({ token, responses }).toEqual({ token: 'a', responses: 3 });
    await busy.stop();

    logto.app().secret = 'another';
    const client = logto.client({ appSecret: 'a-wrong-one' });
    expect(await failing(client)).toMatchObject({ code: 'invalid_client', status: 401 });
    expect(logto.tokenRequests).toBe(1);
  });

  it('the client rejects the call within the timeout, whatever Logto does', async () => {
    const silent = await Recorder.start(() => {});
    const began = performance.now();
    const error = await failing(logto.client({ endpoint: silent.url, timeout: 0.3 }));
    expect(error).toMatchObject({ code: 'timeout', name: 'M2MClientError' });
    expect(performance.now() - began).toBeLessThan(5_000);
    await silent.stop();
    const gone = await failing(logto.client({ endpoint: silent.url, timeout: 3 }));
    expect(gone).toMatchObject({ code: 'network', message: expect.stringContaining('ECONNREFUSED') });
    const wait = await Recorder.start((_req, res) => void res.writeHead(429, { 'retry-after': '60' }).end());
    expect(await failing(logto.client({ endpoint: wait.url }))).toMatchObject({
      code: 'unavailable',
      status: 429,
    });
    expect(wait.requests).toHaveLength(1);
    await wait.stop();
  });

  it('the calls of one second share one request', async () => {
    await logto.goDown();
    const client = logto.client({ timeout: 0.1 });
    const first = await failing(client);
    const after = await Promise.all(Array.from({ length: 50 }, () => failing(client)));
    for (const error of after) expect(error).toBe(first);
    const { tokenRequests } = logto;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await logto.comeBack();
    await expect(client.getAccessToken()).resolves.toMatchObject({ scopes: ['read:products'] });
    expect(logto.tokenRequests).toBe(tokenRequests + 1);
  });

  it.each<[what: string, options: Partial<M2MClientOptions>, hint: RegExp, expected: object]>([
    [
      'a wrong secret',
      { appSecret: 'wrong' },
      /secret is not that of app/,
      { code: 'invalid_client', status: 401 },
    ],
    ['an unknown app', { appId: 'nosuchapp' }, /has no app nosuchapp/, { code: 'invalid_client' }],
    [
      'an unknown resource',
      { resource: 'https://nosuch.api' },
      /no API resource with the identifier https:\/\/nosuch\.api/,
      { code: 'invalid_target', status: 400 },
    ],
    [
      'a trailing slash',
      { resource: `${API}/` },
      /does the identifier there end with a slash, too\?$/i,
      { code: 'invalid_target', status: 400 },
    ],
    [
      'an organization that the app is not in',
      { organizationId: 'w1h7qob3z0o3' },
      /is not in the organization w1h7qob3z0o3, or there is no such organization/,
      { code: 'access_denied', status: 403 },
    ],
  ])('the error explains %s', async (_what, options, hint, expected) => {
    const error = await failing(logto.client(options));
    expect(error).toMatchObject({ ...expected, hint: expect.stringMatching(hint) });
    expect(error?.message).toContain(error?.hint);
    expect(logto.tokenRequests).toBe(1);
  });

  it('the error says whether another server responds instead', async () => {
    const page = await Recorder.start((_req, res) => void res.writeHead(404).end('<html>'));
    expect(await failing(logto.client({ endpoint: page.url }))).toMatchObject({
      code: 'invalid_response',
      status: 404,
      hint: expect.stringMatching(/base URL of your Logto/),
    });
    await page.stop();
  });

  it('no error and no diagnostics message contains the secret', async () => {
    const echo = await Recorder.start((req, res) => {
      const sent = Buffer.from(req.headers.authorization?.split(' ')[1] ?? '', 'base64').toString();
      res.writeHead(400, { 'content-type': 'application/json' });
      const text = req.url?.startsWith('/plain') ? decodeURIComponent(sent) : sent;
      res.end(JSON.stringify({ error: text, error_description: `what is ${text}?` }));
    });
    const failures = await heard<TokenFailedMessage>('express-logto-m2m:token-failed', async () => {
      const { secret } = logto.app();
      const encoded = secret.replaceAll('-', '%2D');
      const plain = await failing(logto.client({ endpoint: `${echo.url}/plain` }));
      expect(inspect(plain)).not.toContain(secret);
      const error = await failing(logto.client({ endpoint: echo.url }));
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(encoded);
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(logto.app().secret);
      expect(JSON.stringify(error)).not.toContain(logto.app().secret);
    });
    expect(failures).toMatchObject([{ appId: logto.app().id }, { appId: logto.app().id }]);
    expect(inspect(failures, { depth: 10, showHidden: true })).not.toContain(logto.app().secret);
    await echo.stop();
  });
});

it('a client reports scopes that were not granted by diagnostics, without an error', async () => {
  const [message] = await heard<ScopesMissingMessage>('express-logto-m2m:scopes-missing', async () => {
    const client = logto.client({ scopes: ['read:products', 'write:products'] });
    expect((await client.getAccessToken()).scopes).toEqual(['read:products']);
  });
  expect(message?.error).toMatchObject({
    code: 'scopes_missing',
    missingScopes: ['write:products'],
    hint: expect.stringMatching(
      /grants write:products: assign it a machine-to-machine role with write:products/,
    ),
  });
});
