import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API, Recorder, TokenIssuer } from '../support/client.js';
import { blocksOf } from '../support/markdown.js';
import { guardOf, runDoctor, startApi, type Tail } from './doctor.js';

let logto: TokenIssuer;

beforeAll(async () => {
  logto = await TokenIssuer.start();
});
afterAll(() => logto.stop());

const doctor = (...args: Tail<Parameters<typeof runDoctor>>) => runDoctor(logto, ...args);
const guard = (...args: Tail<Parameters<typeof guardOf>>) => guardOf(logto, ...args);

describe('logto-m2m doctor, without a problem,', () => {
  it('prints one line per check, and exits with 0', async () => {
    const api = await startApi(guard());
    const { code, stdout, stderr } = await doctor([
      '--scope',
      'read:products',
      '--api',
      `${api.url}/products`,
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const checks = [
      'endpoint',
      'issuer',
      'keys',
      'clock',
      'api-closed',
      'token',
      'verification',
      'scopes',
      'api',
    ];
    expect([...stdout.matchAll(/^✓ (\S+)/gm)].map(([, name]) => name)).toEqual(checks);
    expect(stdout).toMatch(/alg ES384, typ at\+jwt, iss http:\S+\/oidc, aud https:\/\/shopping\.api/);
    expect(stdout).toMatch(/No problem was found\.\n$/);
    expect(api.requests).toHaveLength(2);
    await api.stop();
  });

  it('prints what docs/doctor.md shows', async () => {
    const api = await startApi(guard());
    const address = ['--api', `${api.url}/products`];
    const printed = [await doctor(address), await doctor(['--resource', `${API}/`, ...address])];
    const shown = blocksOf('docs/doctor.md').slice(0, 2);
    const same = (text: string) =>
      text
        .replaceAll(/127\.0\.0\.1:\d+/g, 'HOST')
        .replace(/ES384 \S+…/, 'KEY')
        .replace(/in (59|60) minutes/, 'SOON');
    expect(shown.map(({ code }) => same(code.replace(/^\$ .*\n/, '')))).toEqual(
      printed.map(({ stdout }) => same(stdout)),
    );
    await api.stop();
  });

  it('requests the permissions that the API names if none is passed', async () => {
    const api = await startApi(guard(API, 'read:orders'));
    const { code, stdout } = await doctor(['--api', `${api.url}/products`]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^✓ scopes +Granted: read:orders$/m);
    await api.stop();
  });

  it('checks both kinds of organization tokens', async () => {
    const organization = ['--organization', 'tgqjike3k7pu'];
    const app = { app: 'partner-service' };
    const inside = await doctor([...organization, '--scope', 'read:products'], {}, app);
    expect(inside).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^✓ organization .* is in tgqjike3k7pu/m),
    });
    const own = await doctor([...organization, '--scope', 'read:reports'], { LOGTO_AUDIENCE: '' }, app);
    expect(own).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('aud urn:logto:organization:tgqjike3k7pu'),
    });
  });

  it('skips the token without an app, and says so', async () => {
    const { code, stdout } = await doctor([], { LOGTO_APP_ID: undefined, LOGTO_APP_SECRET: undefined });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^- token +Not requested: set LOGTO_APP_ID and LOGTO_APP_SECRET/m);
  });

  it('prints the same as JSON', async () => {
    const { code, stdout } = await doctor(['--json']);
    expect(code).toBe(0);
    const { ok, checks } = JSON.parse(stdout);
    expect(ok).toBe(true);
    expect(checks).toContainEqual({ check: 'issuer', verdict: 'ok', message: `${logto.endpoint}/oidc` });
    const bad = await doctor(['--json', '--resource', 'https://nosuch.api']);
    expect(bad.code).toBe(1);
    expect(JSON.parse(bad.stdout)).toMatchObject({
      ok: false,
      checks: expect.arrayContaining([
        expect.objectContaining({
          check: 'token',
          verdict: 'problem',
          message: expect.stringContaining('https://nosuch.api'),
          fix: expect.stringContaining('Console > API resources'),
        }),
      ]),
    });
  });
});

describe('logto-m2m doctor names the cause and the fix', () => {
  it('of a wrong port, with another server or none', async () => {
    const other = await Recorder.start(
      (_req, res) => void res.writeHead(404, { 'content-type': 'text/html' }).end(),
    );
    const answered = await doctor([], { LOGTO_ENDPOINT: other.url });
    expect(answered.code).toBe(1);
    expect(answered.problems).toEqual([
      expect.stringMatching(/is not Logto: status 404, text\/html.* → .*host, port and path/),
    ]);
    await other.stop();
    const refused = await doctor([], { LOGTO_ENDPOINT: other.url });
    expect(refused.code).toBe(1);
    const { port } = new URL(other.url);
    expect(refused.problems).toEqual([
      expect.stringMatching(new RegExp(`nothing listens at \\S+.* → .*is port ${port} right`)),
    ]);
  });

  it('of an endpoint with /oidc', async () => {
    const { code, problems } = await doctor([], { LOGTO_ENDPOINT: `${logto.endpoint}/oidc` });
    expect(code).toBe(1);
    expect(problems).toEqual([
      expect.stringContaining(`must be the endpoint itself, without /oidc: pass "${logto.endpoint}"`),
    ]);
  });

  it('of an internal address if tokens contain the public one', async () => {
    const internal = logto.endpoint.replace('127.0.0.1', 'localhost');
    const { code, problems } = await doctor([], { LOGTO_ENDPOINT: internal });
    expect(code).toBe(1);
    expect(problems[0]).toContain(`has the issuer ${logto.endpoint}/oidc`);
    expect(problems[0]).toContain('one may be an internal address');
    expect(problems[0]).toContain(`Set LOGTO_ENDPOINT=${logto.endpoint}`);
    expect(problems[0]).toContain(
      `issuers: [{ issuer: '${logto.endpoint}/oidc', jwksUri: '${internal}/oidc/jwks' }]`,
    );
    // The guard refuses the token for the same reason.
    expect(problems[1]).toMatch(/^✗ verification .*\(issuer\) → /);
  });

  it('of a trailing slash in the resource', async () => {
    const { code, problems } = await doctor([], { LOGTO_AUDIENCE: `${API}/` });
    expect(code).toBe(1);
    expect(problems).toEqual([
      expect.stringMatching(
        /invalid_target.* → .*without the trailing slash: set LOGTO_AUDIENCE=https:\/\/shopping\.api,/,
      ),
    ]);
  });

  it('of an unknown resource', async () => {
    const { code, problems } = await doctor([], { LOGTO_AUDIENCE: 'https://nosuch.api' });
    expect(code).toBe(1);
    expect(problems).toEqual([
      expect.stringMatching(
        /invalid_target\)\. Logto at \S+ has no API resource with the identifier https:\/\/nosuch\.api\. → Compare it.* Or describe it in a file, and run npx express-logto-m2m setup FILE\.$/,
      ),
    ]);
  });

  it('of a wrong secret', async () => {
    const { code, problems, stdout } = await doctor([], { LOGTO_APP_SECRET: 'not-the-secret' });
    expect(code).toBe(1);
    expect(problems).toEqual([
      expect.stringMatching(/invalid_client\)\. The secret is not that of app .* → Copy the secret again/),
    ]);
    expect(stdout).not.toContain('not-the-secret');
  });

  it('of a deleted app', async () => {
    const { code, problems } = await doctor([], { LOGTO_APP_ID: 'deleted-app' });
    expect(code).toBe(1);
    expect(problems).toEqual([
      expect.stringMatching(
        /invalid_client\)\. .* has no app deleted-app: it was deleted.* → Compare the app id/,
      ),
    ]);
  });

  it('of an app without a role', async () => {
    const { code, problems } = await doctor(['--scope', 'read:products'], {}, { app: 'stranger-service' });
    expect(code).toBe(1);
    const { id } = logto.app('stranger-service');
    expect(problems).toEqual([
      expect.stringMatching(
        new RegExp(
          `no permission at all; not granted: read:products.* → No role of app ${id} grants read:products: assign it a machine-to-machine role with read:products.* Or describe it in a file, and run npx express-logto-m2m setup FILE\\.$`,
        ),
      ),
    ]);
  });

  it('of a misspelt scope', async () => {
    const alone = await doctor(['--scope', 'read:prodcuts']);
    expect(alone.code).toBe(1);
    expect(alone.problems).toEqual([
      expect.stringMatching(
        /not granted: read:prodcuts.* → .*misspelt: compare it with Console > API resources/,
      ),
    ]);
    const api = await startApi(guard());
    const { code, problems } = await doctor(['--scope', 'read:prodcuts', '--api', `${api.url}/products`]);
    expect(code).toBe(1);
    expect(problems[0]).toContain('did you mean read:products instead of read:prodcuts?');
    expect(problems[1]).toMatch(/returns 403.* → .*The route needs read:products: request it/);
    await api.stop();
  });

  it('of an organization that the app is not in', async () => {
    const { code, problems } = await doctor(['--organization', 'w1h7qob3z0o3']);
    expect(code).toBe(1);
    expect(problems).toEqual([
      expect.stringMatching(
        /access_denied\)\. .* is not in the organization w1h7qob3z0o3, or there is no such organization\. → Add the app.* Or describe it in a file, and run npx express-logto-m2m setup FILE\.$/,
      ),
    ]);
  });

  it.each([
    [330, /5 minutes ahead of the clock of Logto: tokens seem to expire earlier/],
    [-330, /5 minutes behind the clock of Logto: tokens still pass/],
  ])('of a clock that is %d seconds off', async (clockAhead, cause) => {
    const { code, problems } = await doctor([], {}, { clockAhead });
    expect(code).toBe(1);
    expect(problems).toEqual([expect.stringMatching(cause)]);
    expect(problems[0]).toMatch(/Set both by NTP/);
  });

  it('of an API that expects another audience', async () => {
    const api = await startApi(guard('https://inventory.api'));
    const { code, problems } = await doctor(['--api', `${api.url}/products`]);
    expect(code).toBe(1);
    expect(problems).toEqual([
      expect.stringMatching(
        /returns 401 with the token: .*issued for another API.* → .*set LOGTO_AUDIENCE=https:\/\/shopping\.api there/,
      ),
    ]);
    await api.stop();
  });
});

it.each<[what: string, args: string[], env: Record<string, string | undefined>, said: RegExp]>([
  ['no endpoint', [], { LOGTO_ENDPOINT: undefined }, /the endpoint of Logto is missing/],
  ['an app without a secret', [], { LOGTO_APP_SECRET: undefined }, /LOGTO_APP_SECRET is not/],
  ['an API that is not a URL', ['--api', 'shop'], {}, /`--api` must be an address/],
])('logto-m2m doctor exits with 2 for %s', async (_what, args, env, said) => {
  const { code, stdout, stderr } = await doctor(args, env);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(said);
});
