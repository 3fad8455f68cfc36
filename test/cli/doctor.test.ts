import { spawnSync } from 'node:child_process';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import express, { type RequestHandler } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogtoAuth } from '../../src/index.js';
import { API, Recorder, TokenIssuer } from '../support/client.js';
import { blocksOf } from '../support/markdown.js';
import { type CommandOptions, logtoM2M } from './command.js';

/** A key and a certificate that it has signed itself. */
const openssl = spawnSync(
  'openssl',
  'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=127.0.0.1 -days 2 -keyout - -out -'.split(
    ' ',
  ),
  { encoding: 'utf8' },
);

let logto: TokenIssuer;

beforeAll(async () => {
  logto = await TokenIssuer.start();
});
afterAll(() => logto.stop());

interface Checked {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What is wrong, each in a line with its fix behind it. */
  readonly problems: readonly string[];
}

async function doctor(
  args: readonly string[] = [],
  env: Record<string, string | undefined> = {},
  options: CommandOptions & { readonly app?: string } = {},
): Promise<Checked> {
  const { id, secret } = logto.app(options.app);
  const set = {
    LOGTO_ENDPOINT: logto.endpoint,
    LOGTO_AUDIENCE: API,
    LOGTO_APP_ID: id,
    LOGTO_APP_SECRET: secret,
  };
  const outcome = await logtoM2M(['doctor', ...args], { ...options, env: { ...set, ...env } });
  const found = outcome.stdout.match(/^✗ .*\n +→ .*$/gm) ?? [];
  const problems = found.map((lines) => lines.replace(/\n +→ /, ' → '));
  expect(outcome.stdout + outcome.stderr).not.toContain(secret);
  expect(outcome.stdout + outcome.stderr).not.toContain('eyJ');
  return { ...outcome, problems };
}

/** An API with one route, `/products`, behind these handlers. */
function startApi(...handlers: RequestHandler[]): Promise<Recorder> {
  const app = express();
  app.get('/products', ...handlers, (_req, res) => void res.json([]));
  return Recorder.start(app);
}

function guard(audience = API, scope = 'read:products', endpoint = logto.endpoint): RequestHandler {
  return createLogtoAuth({ endpoint, audience }).requireScopes(scope) as RequestHandler;
}

describe('logto-m2m doctor, where all is well', () => {
  it('says so in one line a check, and ends with 0', async () => {
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

  it('asks for the permissions that the API names, where none is named to it', async () => {
    const api = await startApi(guard(API, 'read:orders'));
    const { code, stdout } = await doctor(['--api', `${api.url}/products`]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^✓ scopes +Granted: read:orders$/m);
    await api.stop();
  });

  it('knows both kinds of organization tokens', async () => {
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

  it('checks what it can without an app, and says what it has left', async () => {
    const { code, stdout } = await doctor([], { LOGTO_APP_ID: undefined, LOGTO_APP_SECRET: undefined });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^- token +Not asked for; with LOGTO_APP_ID and LOGTO_APP_SECRET/m);
  });

  it('tells a machine the same', async () => {
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
          fix: expect.stringContaining('https://nosuch.api'),
        }),
      ]),
    });
  });
});

describe('logto-m2m doctor names cause and fix', () => {
  it('of a wrong port, where nothing listens and where something else does', async () => {
    const other = await Recorder.start(
      (_req, res) => void res.writeHead(404, { 'content-type': 'text/html' }).end(),
    );
    const answered = await doctor([], { LOGTO_ENDPOINT: other.url });
    expect(answered.code).toBe(1);
    expect(answered.problems).toEqual([
      expect.stringMatching(/is no Logto: status 404, text\/html.* → .*host, port and path/),
    ]);
    await other.stop();
    const refused = await doctor([], { LOGTO_ENDPOINT: other.url });
    expect(refused.code).toBe(1);
    const { port } = new URL(other.url);
    expect(refused.problems).toEqual([
      expect.stringMatching(new RegExp(`nothing listens at \\S+.* → .*is port ${port} the right one`)),
    ]);
  });

  it('of an endpoint with /oidc', async () => {
    const { code, problems } = await doctor([], { LOGTO_ENDPOINT: `${logto.endpoint}/oidc` });
    expect(code).toBe(1);
    expect(problems).toEqual([
      expect.stringContaining(`must be the endpoint itself, without /oidc: pass "${logto.endpoint}"`),
    ]);
  });

  it('of an internal address where tokens name the public one', async () => {
    const internal = logto.endpoint.replace('127.0.0.1', 'localhost');
    const { code, problems } = await doctor([], { LOGTO_ENDPOINT: internal });
    expect(code).toBe(1);
    expect(problems[0]).toContain(`calls itself ${logto.endpoint}/oidc`);
    expect(problems[0]).toContain('an internal address against the public one');
    expect(problems[0]).toContain(`Set LOGTO_ENDPOINT=${logto.endpoint}`);
    expect(problems[0]).toContain(
      `issuers: [{ issuer: '${logto.endpoint}/oidc', jwksUri: '${internal}/oidc/jwks' }]`,
    );
    // The guard itself says the same of the token.
    expect(problems[1]).toMatch(/^✗ verification .*\(issuer\) → /);
  });

  it('of a slash at the end of the resource', async () => {
    const { code, problems } = await doctor([], { LOGTO_AUDIENCE: `${API}/` });
    expect(code).toBe(1);
    expect(problems).toEqual([
      expect.stringMatching(
        /invalid_target.* → .*without the slash at its end: set LOGTO_AUDIENCE=https:\/\/shopping\.api,/,
      ),
    ]);
  });

  it('of an unknown resource', async () => {
    const { code, problems } = await doctor([], { LOGTO_AUDIENCE: 'https://nosuch.api' });
    expect(code).toBe(1);
    expect(problems).toEqual([
      expect.stringMatching(
        /invalid_target.* → .*has no API resource with the identifier https:\/\/nosuch\.api/,
      ),
    ]);
  });

  it('of a wrong secret', async () => {
    const { code, problems, stdout } = await doctor([], { LOGTO_APP_SECRET: 'not-the-secret' });
    expect(code).toBe(1);
    expect(problems).toEqual([
      expect.stringMatching(/invalid_client.* → .*The secret is not that of app .* copy it anew/),
    ]);
    expect(stdout).not.toContain('not-the-secret');
  });

  it('of a deleted app', async () => {
    const { code, problems } = await doctor([], { LOGTO_APP_ID: 'deleted-app' });
    expect(code).toBe(1);
    expect(problems).toEqual([
      expect.stringMatching(/invalid_client.* → .*has no app deleted-app: it was deleted/),
    ]);
  });

  it('of an app without a role', async () => {
    const { code, problems } = await doctor(['--scope', 'read:products'], {}, { app: 'stranger-service' });
    expect(code).toBe(1);
    const { id } = logto.app('stranger-service');
    expect(problems).toEqual([
      expect.stringMatching(
        new RegExp(
          `no permission at all; not granted: read:products.* → .*assign app ${id} a machine-to-machine role that has read:products`,
        ),
      ),
    ]);
  });

  it('of a scope that is misspelt', async () => {
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
    expect(problems[1]).toMatch(/answers 403.* → .*The route needs read:products: ask for it/);
    await api.stop();
  });

  it('of an organization that the app is not in', async () => {
    const { code, problems } = await doctor(['--organization', 'w1h7qob3z0o3']);
    expect(code).toBe(1);
    expect(problems).toEqual([
      expect.stringMatching(/access_denied.* → .*is not in the organization w1h7qob3z0o3: add it there/),
    ]);
  });

  it.each([
    [300, /5 minutes ahead of that of Logto: tokens seem to expire earlier/],
    [-300, /5 minutes behind that of Logto: tokens still pass/],
  ])('of a clock %d seconds off', async (clockAhead, cause) => {
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
        /answers 401 with the token: .*issued for another API.* → .*set LOGTO_AUDIENCE=https:\/\/shopping\.api there/,
      ),
    ]);
    await api.stop();
  });
});

describe('logto-m2m doctor knows whoever answers', () => {
  const pageOf = (status: number, headers: Record<string, string>, body = '') =>
    Recorder.start((_req, res) => void res.writeHead(status, headers).end(body));

  it.each<[what: string, answer: () => Promise<Recorder>, said: RegExp]>([
    [
      "a proxy's page",
      () => pageOf(200, { 'content-type': 'text/html' }, '<html>'),
      /no Logto: status 200, text\/html/,
    ],
    [
      "a proxy's failure",
      () => pageOf(502, { 'content-type': 'text/html' }),
      /status 502 .* → Look at the log of Logto/,
    ],
    [
      'a redirect',
      () => pageOf(301, { location: 'https://auth.example/x' }),
      /redirects to https:\/\/auth\.example .* → Set LOGTO_ENDPOINT/,
    ],
    ['somebody silent', () => Recorder.start(() => {}), /did not answer within 5 s.* → .*firewall/],
    [
      'one who hangs up',
      () => Recorder.start((req) => void req.socket.destroy()),
      /broke the connection off.* → .*https and not http/,
    ],
  ])('at the endpoint: %s', async (_what, answer, said) => {
    const page = await answer();
    const { code, problems, stdout } = await doctor([], { LOGTO_ENDPOINT: page.url });
    expect(code).toBe(1);
    expect(problems).toEqual([expect.stringMatching(said)]);
    expect(stdout).toMatch(/^- token +Not asked for: there is no Logto to ask\.$/m);
    await page.stop();
  });

  it('at a name that does not exist, and behind http where https is asked', async () => {
    const nowhere = await doctor([], { LOGTO_ENDPOINT: 'https://logto.invalid' });
    expect(nowhere.problems).toEqual([expect.stringMatching(/logto\.invalid is not found .* → .*DNS/)]);
    const plain = await doctor([], { LOGTO_ENDPOINT: logto.endpoint.replace('http:', 'https:') });
    expect(plain.problems).toEqual([expect.stringMatching(/speaks no TLS .* → .*a port for http\?/)]);
  });

  it.skipIf(openssl.error !== undefined)('with a certificate that nobody has signed', async () => {
    const server = createServer({ key: openssl.stdout, cert: openssl.stdout });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const port = String((server.address() as AddressInfo).port);
    const untrusted = await doctor([], { LOGTO_ENDPOINT: `https://127.0.0.1:${port}` });
    expect(untrusted.problems).toEqual([
      expect.stringMatching(/is not trusted \(\w+\).* → .*NODE_EXTRA_CA_CERTS/),
    ]);
    const plain = await doctor([], { LOGTO_ENDPOINT: `http://127.0.0.1:${port}` });
    expect(plain.problems).toEqual([
      expect.stringMatching(/broke the connection off.* → .*https and not http/),
    ]);
    server.close();
    server.closeAllConnections();
  });

  it('at an address in a network, by http only if it is told to', async () => {
    const endpoint = logto.endpoint.replace('127.0.0.1', '0.0.0.0');
    const careful = await doctor([], { LOGTO_ENDPOINT: endpoint });
    expect(careful.problems).toEqual([
      expect.stringMatching(/must be https.*pass --allow-insecure-requests/),
    ]);
    const { stdout } = await doctor(['--allow-insecure-requests'], { LOGTO_ENDPOINT: endpoint });
    expect(stdout).toMatch(/^✓ token /m);
    expect(stdout).toMatch(/^✗ issuer /m);
  });

  it.each<[what: string, issuer: (endpoint: string) => string, said: RegExp]>([
    [
      'a slash at its end',
      (endpoint) => `${endpoint}/oidc/`,
      /slash at the end is one too many.* → Give createLogtoAuth issuers/,
    ],
    [
      'another port',
      (endpoint) => `${new URL(endpoint).protocol}//127.0.0.1/oidc`,
      /the port \d+ against 80/,
    ],
    ['https', (endpoint) => `https${endpoint.slice(4)}/oidc`, /http against https/],
    [
      'a custom domain',
      () => 'https://auth.example/oidc',
      /custom domain.* → Set LOGTO_ENDPOINT=https:\/\/auth\.example;/,
    ],
  ])('under another name: %s', async (_what, issuer, said) => {
    const jwks = await (await fetch(`${logto.endpoint}/oidc/jwks`)).text();
    const front: Recorder = await Recorder.start((req, res) => {
      res.setHeader('content-type', 'application/json');
      res.end(req.url === '/oidc/jwks' ? jwks : JSON.stringify({ issuer: issuer(front.url) }));
    });
    const { code, problems, stdout } = await doctor([], {
      LOGTO_ENDPOINT: front.url,
      LOGTO_APP_ID: '',
      LOGTO_APP_SECRET: '',
    });
    expect(code).toBe(1);
    expect(problems).toEqual([expect.stringMatching(said)]);
    expect(stdout).toMatch(/^✓ keys +1 to verify with: ES384 /m);
    await front.stop();
  });

  it.each<[what: string, keys: [status: number, body: string], said: RegExp]>([
    ['are not there', [404, ''], /status 404\. → .*pass this address/],
    ['are none', [200, '{"keys":[]}'], /no key that can check a signature/],
    ['are a page', [200, '<html>'], /it is not a JWK Set/],
  ])('without keys that are of use: they %s', async (_what, [status, body], said) => {
    const front: Recorder = await Recorder.start((req, res) => {
      if (req.url === '/oidc/jwks') res.writeHead(status).end(body);
      else res.end(JSON.stringify({ issuer: `${front.url}/oidc` }));
    });
    const { problems } = await doctor([], {
      LOGTO_ENDPOINT: front.url,
      LOGTO_APP_ID: '',
      LOGTO_APP_SECRET: '',
    });
    expect(problems).toEqual([expect.stringMatching(said)]);
    await front.stop();
  });
});

describe('logto-m2m doctor --api explains', () => {
  const noGuard: RequestHandler = (_req, _res, next) => next();
  const answering =
    (status: number, headers: Record<string, string> = {}): RequestHandler =>
    (_req, res) =>
      void res.writeHead(status, headers).end();
  const afterAuthorization =
    (handler: RequestHandler): RequestHandler =>
    (req, res, next) =>
      req.headers.authorization === undefined ? guard()(req, res, next) : handler(req, res, next);

  it.each<[what: string, guards: () => RequestHandler[], said: RegExp[]]>([
    [
      'an open route',
      () => [noGuard],
      [/^✗ api-closed .*answers 200 without a token: the route is open.* → Mount the guard/],
    ],
    [
      'a permission that was not asked for',
      () => [guard(API, 'write:products')],
      [/not granted: write:products/, /answers 403 .* → The route needs write:products/],
    ],
    [
      'another issuer',
      () => [guard(API, 'read:products', 'https://auth.example')],
      [/answers 401 .* → .*LOGTO_ENDPOINT to http:\/\/127/],
    ],
    [
      'a header that a proxy takes away',
      () => [
        (req, _res, next) => {
          delete req.headers.authorization;
          next();
        },
        guard(),
      ],
      [/answers 401 with the token.* → The token got lost on the way/],
    ],
    [
      'an API without keys',
      () => [afterAuthorization(answering(503, { 'retry-after': '3' }))],
      [/answers 503 with the token, and wants to be asked later.* → .*Logto's keys/],
    ],
    [
      'an API that fails',
      () => [afterAuthorization(answering(500))],
      [/answers 500 with the token: it fails/],
    ],
    [
      'a guard that is not of this package',
      () => [afterAuthorization(answering(401, { 'www-authenticate': 'Bearer error="invalid_token"' }))],
      [/401 with the token: invalid_token → The token is of http/],
    ],
    [
      'somebody else in between',
      () => [answering(401, { 'www-authenticate': 'Basic realm="x"' })],
      [/asks for no bearer token/, /says no more.* → .*proxy/],
    ],
    [
      'a redirect',
      () => [answering(302, { location: 'https://a.example' })],
      [/302 without a token, a redirect/, /302 with the token, a redirect/],
    ],
  ])('%s', async (_what, guards, said) => {
    const api = await startApi(...guards());
    const { code, problems } = await doctor(['--api', `${api.url}/products?key=private`]);
    expect(code).toBe(1);
    expect(problems).toEqual(said.map((one) => expect.stringMatching(one)));
    expect(problems.join()).not.toContain('private');
    await api.stop();
  });

  it('a path that is not there, and an API that is not', async () => {
    const api = await startApi(guard());
    const wrongPath = await doctor(['--api', `${api.url}/product`]);
    expect(wrongPath.problems).toEqual([
      expect.stringMatching(/answers 404 without a token.* → There is nothing to GET/),
    ]);
    await api.stop();
    const gone = await doctor(['--api', `${api.url}/products`]);
    expect(gone.problems).toEqual([expect.stringMatching(/^✗ api-closed .*nothing listens/)]);
  });

  it('and sends the token to that API alone, by no redirect and not by http to elsewhere', async () => {
    const thief = await Recorder.start((_req, res) => void res.end());
    const api = await startApi(afterAuthorization(answering(307, { location: thief.url })));
    await doctor(['--api', `${api.url}/products`]);
    expect(api.credentials).toEqual([undefined, expect.stringMatching(/^Bearer eyJ/)]);
    expect(thief.requests).toEqual([]);
    await Promise.all([api.stop(), thief.stop()]);
    const far = await doctor(['--api', 'http://shop.example/products']);
    expect(far).toMatchObject({ code: 2, stderr: expect.stringContaining('--allow-insecure-requests') });
  });
});

it.each<[what: string, args: string[], env: Record<string, string | undefined>, said: RegExp]>([
  ['no endpoint', [], { LOGTO_ENDPOINT: undefined }, /which Logto\?/],
  ['half an app', [], { LOGTO_APP_SECRET: undefined }, /LOGTO_APP_SECRET is not/],
  ['an API that is no address', ['--api', 'shop'], {}, /`--api` must be an address/],
])('logto-m2m doctor ends with 2 for %s', async (_what, args, env, said) => {
  const { code, stdout, stderr } = await doctor(args, env);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(said);
});
