import type { RequestListener } from 'node:http';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Recorder } from '../../support/client.js';
import { laterRecordedCalls } from '../../support/management-api/recorded-calls.js';
import { interrupt, openTenant, runSetup, shapeOf } from './tenant.js';

// The client retries without a pause.
vi.mock('../../../src/util/pause.js', () => ({ pause: async () => {} }));

/** Starts a server with this listener, until the test ends. */
async function serve(listener: RequestListener): Promise<Recorder> {
  const server = await Recorder.start(listener);
  onTestFinished(() => server.stop());
  return server;
}

/** Issues a token, and sends this response to every other request. */
function afterToken(status: number, body: string, headers: Record<string, string> = {}): RequestListener {
  return ({ url, headers: { host } }, res) => {
    const isToken = url === '/oidc/token';
    res.writeHead(isToken ? 200 : status, { 'content-type': 'application/json', ...(!isToken && headers) });
    res.end(isToken ? tokenAnswer(jwt({ iss: `http://${host}/oidc` })) : body);
  };
}

function tokenAnswer(token: string): string {
  return JSON.stringify({ access_token: token, expires_in: 3600, token_type: 'Bearer', scope: 'all' });
}

/** A token that nobody verifies. */
function jwt(claims: object): string {
  return ['{"alg":"ES384"}', JSON.stringify(claims), 'x']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');
}

describe('logto-m2m setup, if Logto refuses or fails,', () => {
  it('waits for the time in Retry-After', async () => {
    const logto = await openTenant();
    interrupt(logto, /POST .api.applications/, { status: 429, retryAfter: '1', times: 2 });
    const pauses: number[] = [];
    const pause = async (duration: number) => void pauses.push(duration);
    const first = await runSetup(logto, [], { pause });
    expect(pauses).toEqual([1_000, 1_000]);
    expect(first.stderr).toBe('waiting 1 s before a retry (status 429)\n'.repeat(2));
    expect(first.code).toBe(0);
    const retryAfter = new Date(Date.now() + 20_000).toUTCString();
    interrupt(logto, /GET .api.resources/, { status: 503, retryAfter, times: 1 });
    const second = await runSetup(logto, [], { pause });
    expect(pauses.slice(2)).toEqual([
      expect.toSatisfy((duration) => duration >= 18_000 && duration <= 20_000),
    ]);
    expect(second.stderr).toMatch(/^waiting \d+ s before a retry \(status 503\)\n$/);
    expect(second).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing to do.') });
  });

  it('doubles the wait if Logto requests none', async () => {
    const logto = await openTenant();
    interrupt(logto, /GET .api.roles$/, { status: 429 });
    const pauses: number[] = [];
    await runSetup(logto, [], { pause: async (duration) => void pauses.push(duration) });
    expect(pauses).toHaveLength(4);
    for (const [index, duration] of pauses.entries()) {
      expect(duration).toBeGreaterThanOrEqual(1_000 * 2 ** index);
      expect(duration).toBeLessThanOrEqual(2_000 * 2 ** index);
    }
  });

  it('gives up after four waits', async () => {
    const logto = await openTenant();
    interrupt(logto, /GET .api.roles$/, { status: 429, retryAfter: '1' });
    expect(await runSetup(logto)).toEqual({
      code: 1,
      stdout: '',
      stderr: `${'waiting 1 s before a retry (status 429)\n'.repeat(4)}Logto refused GET /api/roles?page=1&page_size=100 (429): it gave no reason\nRun this again: it continues where it stopped.\n`,
    });
    expect(logto.requests.filter((one) => one.startsWith('GET /api/roles?'))).toHaveLength(5);
  });

  it.each([
    [429, '3600'],
    [503, '1'],
    [503, undefined],
    [500, '1'],
    [502, undefined],
  ])(
    'suggests another run after a change with the response %i, Retry-After: %s',
    async (status, retryAfter) => {
      const logto = await openTenant();
      interrupt(logto, /POST .api.applications$/, { status, retryAfter });
      const { code, stderr } = await runSetup(logto);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: `Logto refused POST /api/applications (${status}): it gave no reason\nRun this again: it continues where it stopped.\n`,
      });
      expect(logto.requests.filter((one) => one === 'POST /api/applications')).toHaveLength(1);
    },
  );

  it('suggests another run after an incomplete response', async () => {
    const logto = await openTenant();
    logto.intercept = (_req, res) => {
      res.set('Content-Length', '100').write('[', () => res.destroy());
    };
    const { code, stderr } = await runSetup(logto);
    expect(stderr).toMatch(
      /^Logto did not respond to GET \/api\/resources\S+: .+\. Run this again: it continues where it stopped\.\n$/,
    );
    expect(code).toBe(1);
  });

  it.each([
    ['permission', /POST .api.resources.\w+.scopes$/, 'scope.name_exists'],
    ['role', /POST .api.roles$/, 'role.name_in_use'],
    ['organization permission', /POST .api.organization-scopes$/, 'entity.unique_integrity_violation'],
  ])('suggests another run if a concurrent run has created the %s', async (_what, which, code) => {
    const logto = await openTenant();
    let other: Awaited<ReturnType<typeof runSetup>> | undefined;
    logto.intercept = async ({ method, path }) => {
      if (!which.test(`${method} ${path}`)) return;
      logto.intercept = () => {};
      other = await runSetup(logto);
    };
    const { stderr, code: ended } = await runSetup(logto);
    expect(other?.code).toBe(0);
    expect(stderr).toMatch(
      new RegExp(`\\(422\\): .*\\(${code}\\)\\nRun this again: it continues where it stopped\\.\\n$`),
    );
    expect(ended).toBe(1);
    const whole = shapeOf(logto);
    expect((await runSetup(logto)).stdout).toContain('Nothing to do.');
    expect(shapeOf(logto)).toEqual(whole);
  });

  it('prints the message of Logto on one line, without the secret', async () => {
    const logto = await openTenant();
    const message = `You have reached\nthe limit \u001b[2J ${logto.app().secret}`;
    const api = await serve(
      afterToken(403, JSON.stringify({ code: 'subscription.limit_exceeded', message })),
    );
    const { stderr } = await runSetup(logto, [], { endpoint: api.url });
    expect(stderr).toMatch(
      /\(403\): You have reached\\u000athe limit \\u001b\[2J \[a secret\] \(subscription\.limit_exceeded\)\n$/,
    );
  });

  it('names the member that Logto refuses', async () => {
    const logto = await openTenant();
    const recorded = laterRecordedCalls.find(({ status }) => status === 400)?.response;
    const api = await serve(afterToken(400, JSON.stringify(recorded)));
    const { stderr } = await runSetup(logto, [], { endpoint: api.url });
    expect(stderr).toMatch(
      /\(400\): The request body is invalid\. Error in key path "customClientMetadata\.corsAllowedOrigins": .* \(guard\.invalid_input\)\n$/,
    );
  });

  it('does not follow a redirect', async () => {
    const logto = await openTenant();
    const api = await serve(afterToken(308, '', { location: `${logto.endpoint}/api/resources` }));
    const { code, stderr } = await runSetup(logto, [], { endpoint: api.url });
    expect(stderr).toMatch(
      /\(308\): it gave no reason\nSet LOGTO_ENDPOINT to the address to which \S+ redirects/,
    );
    expect(code).toBe(1);
    expect(logto.requests).toEqual([]);
  });

  it.each([undefined, ''])('fails if the total number of entries is %j', async (total) => {
    const logto = await openTenant();
    await runSetup(logto);
    const state = structuredClone(logto.state);
    logto.intercept = ({ method, path }, res) => {
      if (method !== 'GET' || path !== '/api/applications') return;
      const set = res.setHeader.bind(res);
      res.setHeader = (name, value) => {
        if (name.toLowerCase() !== 'total-number') return set(name, value);
        return total === undefined ? res : set(name, total);
      };
    };
    expect(await runSetup(logto)).toEqual({
      code: 1,
      stdout: '',
      stderr: `${logto.endpoint} does not return the number of entries of /api/applications: does a proxy remove the header Total-Number?\n`,
    });
    expect(logto.state).toEqual(state);
  });

  it.each<[string, RequestListener, RegExp]>([
    [
      'is not Logto',
      (_req, res) => void res.writeHead(404).end('<html>Welcome</html>'),
      /^Logto issued no token: the response of \S+ \(404\) is not from Logto\. Is \S+ the base URL of your Logto/,
    ],
    [
      'has no Management API',
      afterToken(200, '<html>Welcome</html>'),
      /^The response of \S+ to \/api\/resources is not one of Logto's Management API\.\n$/,
    ],
    [
      'responds with other members',
      afterToken(200, '[{"id":"1","name":"a"}]', { 'total-number': '1' }),
      /^The response of \S+ to \/api\/resources is not one of Logto's Management API\.\n$/,
    ],
    [
      'is the admin tenant',
      afterToken(401, JSON.stringify({ code: 'auth.unauthorized', message: 'Unauthorized.' })),
      /^Logto refused GET \/api\/resources\S* \(401\): Unauthorized\..*\n.* is \S+ the address of its Console \(port 3002 by default\)\? Set LOGTO_ENDPOINT/,
    ],
  ])('exits with 1 and an explanation if the server %s', async (_what, answer, sentence) => {
    const logto = await openTenant();
    const server = await serve(answer);
    const { code, stdout, stderr } = await runSetup(logto, [], { endpoint: server.url });
    expect(stderr).toMatch(sentence);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  });

  it('suggests another run if Logto responds with 503 to the token request', async () => {
    const logto = await openTenant();
    const server = await serve((_req, res) => void res.writeHead(503, { 'retry-after': '60' }).end());
    expect(await runSetup(logto, [], { endpoint: server.url })).toEqual({
      code: 1,
      stdout: '',
      stderr: `Logto issued no token: ${server.url} responded with status 503. Logto, or a proxy in front of it, fails: see its log, and check that Logto reaches its database.\nRun this again: it continues where it stopped.\n`,
    });
  });

  it('reports an address where nothing listens', async () => {
    const logto = await openTenant();
    const gone = await Recorder.start(() => {});
    await gone.stop();
    expect(await runSetup(logto, [], { endpoint: gone.url })).toEqual({
      code: 1,
      stdout: '',
      stderr: `Logto issued no token: ${gone.url} cannot be reached (ECONNREFUSED).\n`,
    });
  });
});

describe('logto-m2m setup, before it calls the Management API,', () => {
  it('refuses an address that is not the issuer of the tokens', async () => {
    const logto = await openTenant({ host: 'localhost' });
    const byNumber = logto.endpoint.replace('localhost', '127.0.0.1');
    expect(await runSetup(logto, [], { endpoint: byNumber })).toEqual({
      code: 1,
      stdout: '',
      stderr: `The issuer of Logto's tokens is ${logto.endpoint}/oidc, not ${byNumber}/oidc: set LOGTO_ENDPOINT=${logto.endpoint}. Nothing was changed.\n`,
    });
    expect(logto.requests).toEqual([]);
    expect((await runSetup(logto)).stdout).toContain(`LOGTO_ENDPOINT=${logto.endpoint}\n`);
  });

  it.each(['opaque', 'x.bm90IEpTT04.x', jwt({}), jwt({ iss: 'https://accounts.example' })])(
    'refuses the token %j',
    async (token) => {
      const logto = await openTenant();
      const server = await serve((_req, res) => {
        res.setHeader('content-type', 'application/json').end(tokenAnswer(token));
      });
      expect(await runSetup(logto, [], { endpoint: server.url })).toMatchObject({
        code: 1,
        stderr: `The token that ${server.url} issued is not one of Logto's: its issuer is not a Logto endpoint.\n`,
      });
    },
  );

  it('writes the endpoint as in the issuer of the tokens', async () => {
    const logto = await openTenant();
    const { host } = new URL(logto.endpoint);
    const { stdout } = await runSetup(logto, [], { endpoint: `HTTP://${host}/` });
    expect(stdout).toContain(`LOGTO_ENDPOINT=${logto.endpoint}\n`);
  });

  it('names the option that allows http', async () => {
    const logto = await openTenant();
    const { code, stderr } = await runSetup(logto, [], { endpoint: 'http://logto.lan:3001' });
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/must be https.*pass --allow-insecure-requests\.\n/),
    });
  });

  it('refuses several endpoints', async () => {
    const logto = await openTenant();
    const endpoint = `${logto.endpoint},https://prod.example`;
    const { code, stderr } = await runSetup(logto, [], { endpoint });
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/^logto-m2m: LOGTO_ENDPOINT has several values/),
    });
    expect((await runSetup(logto, ['--endpoint', logto.endpoint], { endpoint })).code).toBe(0);
  });

  it.each<[what: string, env: (secret: string) => Record<string, string>, code: number, sentence: RegExp]>([
    [
      'the secret is missing',
      () => ({ LOGTO_APP_SECRET: '' }),
      2,
      /LOGTO_APP_ID is set, and LOGTO_APP_SECRET is not/,
    ],
    [
      'the app is missing',
      () => ({ LOGTO_APP_ID: '', LOGTO_APP_SECRET: '' }),
      2,
      /^logto-m2m: the app is missing: set LOGTO_APP_ID/,
    ],
    [
      'the secret is wrong',
      () => ({ LOGTO_APP_SECRET: 'no' }),
      1,
      /\(invalid_client\)\. The secret is not that of app/,
    ],
    [
      'the tenant is wrong',
      () => ({ LOGTO_TENANT_ID: 'other' }),
      1,
      /\(invalid_target\)[\s\S]*With Logto Cloud, set LOGTO_TENANT_ID to the tenant's id\./,
    ],
    [
      'the secret ends with a line break',
      (secret) => ({ LOGTO_APP_SECRET: `${secret}\n` }),
      2,
      /^logto-m2m: LOGTO_APP_SECRET ends with a line break\. Logto accepts only printable ASCII\./,
    ],
  ])('explains the problem if %s', async (_what, env, code, sentence) => {
    const logto = await openTenant();
    const outcome = await runSetup(logto, [], { env: env(logto.app().secret) });
    expect(outcome.stderr).toMatch(sentence);
    expect(outcome).toMatchObject({ code, stdout: '' });
  });

  it('reports an app that may not use the Management API', async () => {
    const logto = await openTenant();
    const { id } = logto.addApp('stranger');
    const env = { LOGTO_APP_ID: id, LOGTO_APP_SECRET: logto.app('stranger').secret };
    const { code, stderr } = await runSetup(logto, [], { env });
    expect(stderr).toMatch(
      /^The app \w+ may not use the Management API: assign it the role Logto Management API access, .* Nothing was changed\.\n$/,
    );
    expect(code).toBe(1);
  });
});
