import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogtoAuth } from '../../src/index.js';
import type { Outcome } from '../support/built-command.js';
import { API, Recorder, TokenIssuer } from '../support/client.js';
import { logtoM2M } from './command.js';

let logto: TokenIssuer;

beforeAll(async () => {
  logto = await TokenIssuer.start();
});
afterAll(() => logto.stop());

function token(
  args: readonly string[] = [],
  env: Record<string, string | undefined> = {},
  name = 'statistics-service',
): Promise<Outcome> {
  const { id, secret } = logto.app(name);
  const set = {
    LOGTO_ENDPOINT: logto.endpoint,
    LOGTO_AUDIENCE: API,
    LOGTO_APP_ID: id,
    LOGTO_APP_SECRET: secret,
  };
  return logtoM2M(['token', ...args], { env: { ...set, ...env } });
}

describe('logto-m2m token', () => {
  it('prints a token that the API accepts, and nothing else', async () => {
    const { code, stdout, stderr } = await token(['--scope', 'read:products']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const auth = createLogtoAuth({ endpoint: logto.endpoint, audience: API });
    const verified = await auth.verify(stdout.trim(), { scopes: ['read:products'] });
    expect(verified.clientId).toBe(logto.app().id);
  });

  it('accepts several scopes, separated by spaces or in repeated options', async () => {
    const { stdout } = await token(['--scope', 'read:products read:orders', '--scope=read:orders', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      scopes: ['read:products', 'read:orders'],
      missingScopes: [],
      expiresAt: expect.any(Number),
      token: expect.stringMatching(/^eyJ/),
    });
  });

  it('warns on stderr about scopes that were not granted, and still prints the token', async () => {
    const { code, stdout, stderr } = await token(['--scope', 'read:products write:products']);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^Logto did not grant write:products\. No role of app \w+ grants .*: assign it a machine-to-machine role.*\n$/,
    );
    expect(stdout).toMatch(/^eyJ\S+\n$/);
  });

  it("prints a token for the API inside an organization, or the organization's own token", async () => {
    const id = 'tgqjike3k7pu';
    const auth = createLogtoAuth({ endpoint: logto.endpoint, audience: API });
    const inside = await token(['--organization', id, '--scope', 'read:products'], {}, 'partner-service');
    const both = { scopes: ['read:products'], organization: { id } };
    await expect(auth.verify(inside.stdout.trim(), both)).resolves.toMatchObject({ organizationId: id });
    const own = await token(['--resource', '', '--organization', id], {}, 'partner-service');
    await expect(auth.verify(own.stdout.trim(), { organizationToken: { id } })).resolves.toMatchObject({
      organizationId: id,
    });
  });

  it('explains a refusal by Logto, and prints nothing on stdout', async () => {
    const { code, stdout, stderr } = await token([], { LOGTO_APP_SECRET: 'not-the-secret' });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/The secret is not that of app .* Copy the secret again/);
    expect(stderr).not.toContain('not-the-secret');
    const forMachines = await token(['--json', '--resource', 'https://nosuch.api']);
    expect(forMachines.code).toBe(1);
    expect(JSON.parse(forMachines.stdout)).toMatchObject({
      error: { code: 'invalid_target', status: 400, hint: expect.stringContaining('https://nosuch.api') },
    });
  });

  it.each([
    ['an escape sequence', 'eyJ\u001b[2Jx'],
    ['a line break and another header', 'eyJx\r\nX-Admin: yes'],
  ])('prints no token with %s', async (_what, access_token) => {
    const answer = JSON.stringify({ access_token, token_type: 'Bearer', expires_in: 3600 });
    const front = await Recorder.start(
      (_req, res) => void res.setHeader('content-type', 'application/json').end(answer),
    );
    const env = { LOGTO_ENDPOINT: front.url };
    const { code, stdout, stderr } = await token([], env);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/\(200\) is not from Logto/);
    expect(stderr).not.toContain('eyJ');
    const forMachines = await token(['--json'], env);
    expect(JSON.parse(forMachines.stdout)).toMatchObject({ error: { code: 'invalid_response' } });
    await front.stop();
  });

  it.each<[what: string, args: string[], env: Record<string, string | undefined>, said: RegExp]>([
    ['no endpoint', [], { LOGTO_ENDPOINT: undefined }, /the endpoint of Logto is missing.*--endpoint/],
    ['an endpoint of commas alone', [], { LOGTO_ENDPOINT: ' , ' }, /the endpoint of Logto is missing/],
    ['an endpoint that is not a URL', ['--endpoint', 'logto'], {}, /`--endpoint` must be the base URL/],
    ['an endpoint with /oidc', ['--endpoint', 'https://a.example/oidc'], {}, /without \/oidc/],
    ['http to another host', ['--endpoint', 'http://a.example'], {}, /pass --allow-insecure-requests/],
    ['no app', [], { LOGTO_APP_ID: '', LOGTO_APP_SECRET: '' }, /the app is missing/],
    ['no secret', [], { LOGTO_APP_SECRET: undefined }, /LOGTO_APP_SECRET is not/],
    ['no resource', [], { LOGTO_AUDIENCE: '' }, /the resource is missing/],
    ['a resource that is not a URI', ['--resource', 'shop'], {}, /`--resource`/],
    ['a misspelt option', ['--scopes', 'a'], {}, /unknown option '--scopes'/],
    ['an extra argument', ['read:products'], {}, /too many arguments/],
  ])('exits with 2 for %s', async (_what, args, env, said) => {
    const { code, stdout, stderr } = await token(args, env);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(said);
  });

  it.each([
    ['--secret=hush-hush'],
    ['--app-secret', 'hush-hush'],
    ['--client-secret', 'hush-hush'],
    ['--app_secret=hush-hush'],
  ])('refuses a secret as an argument (%s), and does not print it', async (...args) => {
    const { code, stderr } = await token(args);
    expect(code).toBe(2);
    expect(stderr).toContain('LOGTO_APP_SECRET');
    expect(stderr).not.toContain('hush-hush');
  });
});
