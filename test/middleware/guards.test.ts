import express from 'express';
import request from 'supertest';
import { describe, expect, it } from 'vitest';
import { createLogtoAuth, type LogtoAuth } from '../../src/index.js';
import type { TestTokenOptions } from '../../src/testing/index.js';
import { AUDIENCE, ownLogto, readingToken, sharedLogto } from '../support/logto.js';
import { get } from '../support/request.js';

const logto = await sharedLogto();
const auth = createLogtoAuth({ endpoint: logto.endpoint, audience: AUDIENCE });

async function statusOf(guard: express.RequestHandler, scope: string): Promise<number> {
  const app = express().get('/', guard, (_req, res) => {
    res.end();
  });
  return (await get(app, '/', await logto.issueToken({ claims: { scope } }))).status;
}

describe('scopes', () => {
  it.each<[string, (auth: LogtoAuth) => express.RequestHandler]>([
    ['separate arguments', ({ requireScopes }) => requireScopes('a', 'b')],
    ['separate arguments and options', ({ requireScopes }) => requireScopes('a', 'b', { machineOnly: true })],
    ['one list', ({ requireScopes }) => requireScopes(['a', 'b'])],
    ['one list and options', ({ requireScopes }) => requireScopes(['a', 'b'], { machineOnly: true })],
    ['one string with spaces', ({ requireScopes }) => requireScopes('a  b ')],
    ['the same one twice', ({ requireScopes }) => requireScopes('a', 'b', 'a')],
  ])('are all required if passed as %s', async (_how, make) => {
    const guard = make(auth);
    expect(await statusOf(guard, 'a')).toBe(403);
    expect(await statusOf(guard, 'b')).toBe(403);
    expect(await statusOf(guard, 'b c a')).toBe(200);
  });

  it('are alternatives for requireAnyScope, which requires at least one', async () => {
    const guard = auth.requireAnyScope('a', 'b c');
    expect(await statusOf(guard, 'a')).toBe(200);
    expect(await statusOf(guard, 'c')).toBe(200);
    expect(await statusOf(guard, 'd')).toBe(403);
    expect(await statusOf(guard, '')).toBe(403);
  });

  it('are not required by authenticate', async () => {
    expect(await statusOf(auth.authenticate(), '')).toBe(200);
  });

  const makers = ['requireScopes', 'requireAnyScope', 'requireOrganizationScopes'] as const;
  describe.each(makers)('%s throws when called', (maker) => {
    const make = (...args: unknown[]) => (auth[maker] as (...args: unknown[]) => unknown)(...args);
    it.each<[string, unknown[], RegExp]>([
      ['without a scope', [], /pass a scope/],
      ['with options alone', [{ organization: () => 'x' }], /pass a scope/],
      ['with an empty list', [[]], /pass a scope/],
      ['with an empty string', [''], /`scopes` must be a scope.*not ""/],
      ['with spaces alone', [['  ']], /`scopes` must be a scope/],
      ['with undefined', [undefined], /`scopes` must be a scope.*not undefined/],
      ['with undefined at the end', ['a', undefined], /`scopes` must be a scope.*not undefined/],
      ['with a hole in the list', [new Array(1)], /`scopes` must be a scope.*not undefined/],
      ['with undefined among the scopes', ['a', undefined, 'b'], /`scopes`.*not undefined/],
      ['with a number', [5, 'a'], /`scopes`.*not 5/],
      [
        'with a quote at the end of a scope',
        ['read:"x"'],
        /no scope may have .* a quotation mark: remove it/,
      ],
      ['with a line break at the end of a scope', ['read:x\n'], /ends with white space .*: remove it/],
      ['with a backslash in a scope', ['a\\b'], /characters that no scope may have/],
      [
        'with a line break in a scope',
        ['a\nb'],
        /no scope may have .*Logto accepts such a permission: give it another name there/,
      ],
      ['with an umlaut in a scope', ['lösche:alles'], /characters that no scope may have/],
      ['with a list and more scopes', [['a'], 'b'], /`options` must be an object/],
      [
        'with a list and two options',
        [['a'], {}, {}],
        /: pass a list of scopes, followed only by the options\.$/,
      ],
      ['as a middleware itself', [{ headers: {}, method: 'GET' }, {}, () => {}], /call it, as in require/],
    ])('%s', (_what, args, message) => {
      expect(() => make(...args)).toThrow(TypeError);
      expect(() => make(...args)).toThrow(message);
      expect(() => make(...args)).toThrow(new RegExp(`^${maker}[: ]`));
    });
  });
});

describe('options of a guard', () => {
  it.each<[string, Record<string, unknown>, RegExp]>([
    [
      'a misspelt name',
      { organisation: 'required' },
      /unknown option `organisation`. Did you mean `organization`\?/,
    ],
    ['scope, an option of other libraries', { scope: 'a' }, /unknown option `scope`/],
    ['a wrong rule', { organization: 'mandatory' }, /`organization` must be 'none', 'optional', 'required'/],
    ['an audience that is not a URI', { audience: 'shop' }, /`audience` must be an API resource indicator/],
    [
      'an organization as the audience',
      { audience: 'urn:logto:organization:x' },
      /requireOrganizationScopes/,
    ],
    ['machineOnly as a string', { machineOnly: 'false' }, /`machineOnly` must be true or false, not "false"/],
    ['machineOnly as null', { machineOnly: null }, /`machineOnly` must be true or false, not null/],
    ['machineOnly as a function', { machineOnly: () => true }, /`machineOnly` must be true or false/],
    ['an empty list of audiences', { audience: [] }, /`audience` must be.*not an empty list/],
    ['an audience of null', { audience: null }, /`audience` must be.*not null/],
    ['one bad audience among good ones', { audience: [AUDIENCE, ''] }, /`audience` must be.*not ""/],
    ['the reserved audience', { audience: 'urn:logto:resource:organizations' }, /prove nothing/],
    ['a rule that is null', { organization: null }, /`organization` must be.*not null/],
    ['an organization id', { organization: 'tgqjike3k7pu' }, /`organization` must be.*not "tgqjike3k7pu"/],
    ['a rule that is a promise', { organization: Promise.resolve('none') }, /`organization` must be/],
  ])('requireScopes, requireAnyScope and authenticate throw for %s', (_what, options, message) => {
    for (const [maker, define] of [
      ['requireScopes', () => auth.requireScopes('a', options)],
      ['requireAnyScope', () => auth.requireAnyScope('a', options)],
      ['authenticate', () => auth.authenticate(options)],
    ] as const) {
      expect(define).toThrow(TypeError);
      expect(define).toThrow(message);
      expect(define).toThrow(new RegExp(`^${maker}: `));
    }
  });

  const noFunction = (received: string) =>
    `requireOrganizationScopes: \`organization\` must be a function such as (req) => req.params.organizationId, not ${received}.`;
  it.each([
    ['no options', [], noFunction('undefined')],
    ['no organization function', [{}], noFunction('undefined')],
    ['a rule', [{ organization: 'required' }], noFunction('"required"')],
    [
      'an audience',
      [{ organization: () => 'x', audience: AUDIENCE }],
      'requireOrganizationScopes: unknown option `audience`. Known are organization.',
    ],
  ])('requireOrganizationScopes throws for %s', (_what, args, message) => {
    const make = auth.requireOrganizationScopes as (...args: unknown[]) => unknown;
    expect(() => make('a', ...args)).toThrow(new TypeError(message));
  });

  it('authenticate throws when it is mounted without being called, and the request is refused', async () => {
    const app = express().use(auth.authenticate as unknown as express.RequestHandler);
    app.get('/', (_req, res) => {
      res.end('open');
    });
    const response = await request(app).get('/');
    expect(response.status).toBe(500);
    expect(response.text).not.toBe('open');
    expect(() => auth.authenticate({ headers: {} } as never)).toThrow(
      /^authenticate returns a middleware: call it, as in authenticate\(\)\.$/,
    );
    const authenticate = auth.authenticate as (...args: unknown[]) => unknown;
    expect(() => authenticate({}, { organization: 'required' })).toThrow(
      /^authenticate: pass only one argument, the options\.$/,
    );
  });

  it("a guard's audience and machineOnly override those of the instance", async () => {
    const { authenticate } = auth;
    const app = express();
    const ok: express.RequestHandler = (_req, res) => {
      res.end();
    };
    app.get('/stock', authenticate({ audience: ['https://inventory.api', 'https://warehouse.api'] }), ok);
    app.get('/mine', authenticate({ machineOnly: false }), ok);
    const stock = async (aud: unknown) => get(app, '/stock', await readingToken(logto, { claims: { aud } }));
    expect((await stock('https://warehouse.api')).status).toBe(200);
    expect((await stock(['https://x.api', 'https://inventory.api'])).status).toBe(200);
    expect((await stock(AUDIENCE)).status).toBe(401);
    expect((await get(app, '/mine', await readingToken(logto, { subject: 'user-1' }))).status).toBe(200);
  });
});

describe('a guard of an instance', () => {
  const ok: express.RequestHandler = (_req, res) => void res.end();
  const ofUser = () => readingToken(logto, { subject: 'user-1' });

  it('uses the option of the instance if its own is undefined', async () => {
    const options = { audience: undefined, organization: undefined, machineOnly: undefined };
    const app = express().get('/', auth.authenticate(options), ok);
    expect((await get(app, '/', await readingToken(logto))).status).toBe(200);
    expect(
      (await get(app, '/', await readingToken(logto, { audience: 'https://inventory.api' }))).status,
    ).toBe(401);
    expect((await get(app, '/', await readingToken(logto, { organizationId: 'o-1' }))).status).toBe(403);
    expect((await get(app, '/', await ofUser())).status).toBe(403);
  });

  it('may be restricted to machines without affecting other guards of the instance', async () => {
    const lenient = createLogtoAuth({ endpoint: logto.endpoint, audience: AUDIENCE, machineOnly: false });
    const app = express();
    app.get('/users', lenient.authenticate(), ok);
    app.get('/machines', lenient.authenticate({ machineOnly: true }), ok);
    const token = await ofUser();
    // The token is cached by one route, and the other one still refuses it.
    for (const [path, status] of [
      ['/users', 200],
      ['/machines', 403],
      ['/users', 200],
    ] as const) {
      expect((await get(app, path, token)).status).toBe(status);
    }
    expect((await get(app, '/machines', await readingToken(logto))).status).toBe(200);
  });

  it('is not affected by later changes of the lists and options that it was created with', async () => {
    const scopes = ['read:products', 'write:products'];
    const audience = ['https://inventory.api'];
    const options: { audience: string[]; organization: 'none' | 'optional'; machineOnly: boolean } = {
      audience,
      organization: 'none',
      machineOnly: true,
    };
    const app = express().get('/', auth.requireScopes(scopes, options), ok);
    scopes.length = 0;
    audience.push(AUDIENCE);
    Object.assign(options, { audience: [AUDIENCE], organization: 'optional', machineOnly: false });
    const status = async (options: TestTokenOptions) =>
      (await get(app, '/', await logto.issueToken({ scopes: 'read:products write:products', ...options })))
        .status;
    expect(await status({})).toBe(401);
    const inventory = 'https://inventory.api';
    expect(await status({ audience: inventory })).toBe(200);
    expect(await status({ audience: inventory, scopes: 'read:products' })).toBe(403);
    expect(await status({ audience: inventory, organizationId: 'o-1' })).toBe(403);
    expect(await status({ audience: inventory, subject: 'user-1' })).toBe(403);
  });

  it("is not affected by later changes of the instance's options", async () => {
    const own = await ownLogto();
    const token = await readingToken(own);
    const options = {
      endpoint: [own.endpoint],
      audience: [AUDIENCE],
      algorithms: ['ES384'],
      machineOnly: true,
      isRevoked: () => true,
    };
    const { authenticate, verify } = createLogtoAuth(options);
    options.audience.push('https://inventory.api');
    options.algorithms.push('ES256');
    options.endpoint.push('https://evil.example');
    Object.assign(options, { machineOnly: false, isRevoked: () => false, getToken: () => token });
    const app = express().get('/', authenticate(), ok);
    const inventory = await readingToken(own, { audience: 'https://inventory.api' });
    expect((await get(app, '/')).body.error).toBe('unauthorized');
    expect((await get(app, '/', token)).body.error_description).toMatch(/revoked/);
    expect((await get(app, '/', inventory)).body.error_description).toMatch(/another API/);
    const evil = await readingToken(own, { claims: { iss: 'https://evil.example/oidc' } });
    await expect(verify(evil)).rejects.toMatchObject({ reason: 'issuer' });
    await own.rotateKeys({ alg: 'ES256' });
    await expect(verify(await readingToken(own))).rejects.toMatchObject({ reason: 'algorithm' });
  });
});

it('each guard has a function name for stack traces', () => {
  expect(auth.requireScopes('a').name).toBe('requireScopesMiddleware');
  expect(auth.requireAnyScope('a').name).toBe('requireAnyScopeMiddleware');
  const organization = () => 'o-1';
  expect(auth.requireOrganizationScopes('a', { organization }).name).toBe(
    'requireOrganizationScopesMiddleware',
  );
  expect(auth.authenticate().name).toBe('authenticateMiddleware');
});
