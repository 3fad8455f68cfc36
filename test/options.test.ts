import { describe, expect, it } from 'vitest';
import { createLogtoAuth, type LogtoAuthOptions } from '../src/index.js';
import { resolveOptions } from '../src/options/logto-auth-options.js';
import { createSigningKey } from './support/signing.js';

const endpoint = 'https://tenant.logto.app';
const audience = 'https://shopping.api';
const jwks = { keys: [createSigningKey().publicJwk] };

const resolve = (options: Record<string, unknown>, env: NodeJS.ProcessEnv = {}) =>
  resolveOptions(options as LogtoAuthOptions, env);
const withEndpoint = (options: Record<string, unknown>) => resolve({ endpoint, audience, ...options });

describe('inherited options', () => {
  const options = { endpoint: 'https://tenant.logto.app', audience: 'https://shopping.api' };
  const inherited = 'createLogtoAuth: the option `machineOnly` is inherited';

  it.each([
    [
      'a class',
      Object.assign(
        new (class {
          get machineOnly() {
            return true;
          }
        })(),
        options,
      ),
    ],
    ['a prototype', Object.assign(Object.create({ machineOnly: true }), options)],
    [
      'a prototype without a prototype of its own',
      Object.assign(Object.create(Object.assign(Object.create(null), { machineOnly: true })), options),
    ],
    [
      'a Proxy',
      new Proxy(options, {
        get: (target, name) => (name === 'machineOnly' ? true : Reflect.get(target, name)),
      }),
    ],
  ])('throw if they come from %s', (_how, given) => {
    expect(() => createLogtoAuth(given as LogtoAuthOptions)).toThrow(inherited);
  });
});

it('a non-enumerable option is read like any other', () => {
  const options = { endpoint: 'https://tenant.logto.app', audience: 'https://shopping.api' };
  Object.defineProperty(options, 'isRevoked', { value: 42 });
  expect(() => createLogtoAuth(options)).toThrow('createLogtoAuth: `isRevoked` must be a function, not 42.');
});

describe('invalid options', () => {
  const wrong: [options: Record<string, unknown>, message: RegExp][] = [
    // Names
    [{ audiance: audience }, /unknown option `audiance`\. Did you mean `audience`\?/],
    [{ issuer: endpoint }, /unknown option `issuer`\. Did you mean `issuers`\?/],
    [{ Endpoint: endpoint }, /Did you mean `endpoint`\?/],
    [{ tolerance: 5 }, /Did you mean `clockTolerance`\?/],
    [{ somethingElse: 5 }, /unknown option `somethingElse`\. Known are endpoint, issuers, audience/],
    [{ jwksCache: { maxage: 5 } }, /unknown option `jwksCache\.maxage`\. Did you mean `jwksCache\.maxAge`\?/],
    [{ tokenCache: { maximum: 5 } }, /unknown option `tokenCache\.maximum`\./],
    // Endpoints
    [{ endpoint: 5 }, /`endpoint` must be the base URL of your Logto.*not 5/],
    [{ endpoint: null }, /`endpoint` must be.*not null/],
    [{ endpoint: '' }, /`endpoint` must be.*not ""/],
    [{ endpoint: [] }, /`endpoint` must be.*not an empty list/],
    [{ endpoint: ['https://a.example', ' '] }, /`endpoint` must be/],
    [
      { endpoint: 'tenant.logto.app' },
      /`endpoint` must be.*as https:\/\/your-tenant\.logto\.app, not "tenant/,
    ],
    [{ endpoint: 'ftp://tenant.logto.app' }, /`endpoint` must be/],
    [{ endpoint: `${endpoint}/oidc` }, /without \/oidc: pass "https:\/\/tenant\.logto\.app"/],
    [{ endpoint: `${endpoint}/oidc/` }, /without \/oidc/],
    [{ endpoint: `${endpoint}/oidc/jwks` }, /without \/oidc/],
    [{ endpoint: `${endpoint}/oidc/auth` }, /without \/oidc/],
    [{ endpoint: `${endpoint}/oidc/.well-known/openid-configuration` }, /without \/oidc/],
    [{ endpoint: `${endpoint}/sub/oidc` }, /pass "https:\/\/tenant\.logto\.app\/sub"/],
    [{ endpoint: `${endpoint}/?a=b` }, /not have a query or a fragment/],
    [{ endpoint: `${endpoint}/?` }, /not have a query or a fragment/],
    [{ endpoint: `${endpoint}#x` }, /not have a query or a fragment/],
    [
      { endpoint: 'http://tenant.logto.app' },
      /must be https, since .* could supply their own keys.*allowInsecureRequests: true/,
    ],
    [{ endpoint: 'http://127.0.0.1.evil.example' }, /must be https/],
    [{ endpoint: 'http://localhost.evil.example' }, /must be https/],
    [{ endpoint: 'http://logto.localhost:3001' }, /must be https/],
    [{ endpoint: 'https://user:pa/ss@host' }, /not "https:\/\/…@host"|password: "https:\/\/…@host"/],
    [{ endpoint: new Array(1) }, /`endpoint` must be.*not undefined/],
    [{ endpoint: undefined, issuers: new Array(1) }, /`issuers\[0\]` must be an object, not undefined/],
    [
      { endpoint: 'https://user:pass@tenant.logto.app' },
      /not contain a user name or a password: "https:\/\/…@tenant/,
    ],
    // Issuers
    [{ endpoint, issuers: [{ issuer: 'https://a/oidc' }] }, /`endpoint` or `issuers`, not both/],
    [{ endpoint: undefined, issuers: [] }, /`issuers` must be a list.*not an empty list/],
    [{ endpoint: undefined, issuers: 'https://a/oidc' }, /`issuers` must be a list/],
    [{ endpoint: undefined, issuers: ['https://a/oidc'] }, /`issuers\[0\]` must be an object/],
    [{ endpoint: undefined, issuers: [{}] }, /`issuers\[0\]\.issuer` must be the exact iss.*not undefined/],
    [{ endpoint: undefined, issuers: [{ issuer: 'tenant' }] }, /`issuers\[0\]\.issuer` must be/],
    [
      { endpoint: undefined, issuers: [{ issuer: 'https://a/oidc', jwksUrl: 'x' }] },
      /`issuers\[0\]\.jwksUri`\?/,
    ],
    [
      { endpoint: undefined, issuers: [{ issuer: 'https://a/oidc', jwksUri: 'x' }] },
      /`issuers\[0\]\.jwksUri` must be/,
    ],
    [
      { endpoint: undefined, issuers: [{ issuer: 'https://a/oidc', jwksUri: 'http://b/jwks' }] },
      /must be https/,
    ],
    [{ endpoint: undefined, issuers: [{ issuer: 'http://a/oidc' }] }, /must be https/],
    [
      { endpoint: undefined, issuers: [{ issuer: 'https://a/oidc', jwks: {} }] },
      /jwks` must be a JWK Set.*not a JWK Set/,
    ],
    [
      { endpoint: undefined, issuers: [{ issuer: 'https://a/oidc', jwks: { keys: [] } }] },
      /no key that can verify/,
    ],
    [
      { endpoint: undefined, issuers: [{ issuer: 'https://a/o', jwks, jwksUri: 'https://b' }] },
      /jwksUri` or.*not both/,
    ],
    [{ endpoint: undefined, issuers: [{ issuer: 'https://a/o' }, { issuer: 'https://a/o' }] }, /twice/],
    // Audiences
    [{ endpoint: 'https://your-tenant-id.logto.app' }, /still a placeholder/],
    [{ endpoint: 'https://YOUR_TENANT_ID.logto.app' }, /still a placeholder/],
    [{ endpoint: 'https://tenant-id.logto.app' }, /still a placeholder/],
    [{ endpoint: 'https://%7Btenant%7D.logto.app' }, /still a placeholder/],
    [
      { endpoint: 'https://your-tenant.logto.app' },
      /`endpoint` is still a placeholder: "https:\/\/your-tenant/,
    ],
    [{ endpoint: 'https://your.logto.endpoint' }, /still a placeholder/],
    [
      { endpoint: `https://\${TENANT}.logto.app` },
      /still a placeholder.*Replace it with the real address\.$/,
    ],
    [{ endpoint: 'https://{tenant}.logto.app' }, /still a placeholder/],
    [{ endpoint: 'https://<tenant>.logto.app' }, /still a placeholder/],
    [
      { endpoint: undefined, issuers: [{ issuer: 'https://your-tenant.logto.app/oidc' }] },
      /`issuers\[0\]\.issuer` is still a placeholder/,
    ],
    [
      { endpoint: undefined, issuers: [{ issuer: 'https://a/oidc', jwksUri: 'https://$HOST/jwks' }] },
      /`issuers\[0\]\.jwksUri` is still a placeholder/,
    ],
    [{ getToken: async () => undefined }, /`getToken` must return a string .* cannot be an async function/],
    [{ audience: 5 }, /`audience` must be an API resource indicator.*not 5/],
    [{ audience: null }, /`audience` must be.*not null/],
    [{ audience: [] }, /`audience` must be.*not an empty list/],
    [{ audience: '' }, /`audience` must be/],
    [
      { audience: 'shopping-api' },
      /absolute URI without a fragment, such as https:\/\/shopping\.api, not "shopping-api"/,
    ],
    [{ audience: '//shopping.api' }, /absolute URI/],
    [{ audience: 'https://' }, /absolute URI/],
    [{ audience: 'https://shopping.api#x' }, /without a fragment/],
    [{ audience: 'https://shopping.api /x' }, /absolute URI/],
    [{ audience: 'https://shopping.api\n' }, /It begins or ends with white space: remove it\.$/],
    [
      { audience: 'https://bücher.api' },
      /create the API resource there as "https:\/\/xn--bcher-kva\.api", and pass that\.$/,
    ],
    [
      { audience: 'https://bücher.api/ü#x' },
      /without a fragment, such as https:\/\/shopping\.api, not "\S+"\.$/,
    ],
    [{ audience: 'https://a.api/{x}|y' }, /not "https:\/\/a\.api\/\{x\}\|y"\.$/],
    [{ audience: ['https://a.api', 'urn:logto:organization:x'] }, /requireOrganizationScopes/],
    [{ audience: 'urn:logto:resource:organizations' }, /any app, with any permission.*prove nothing/],
    [{ audience: 'URN:logto:x' }, /prove nothing/],
    // Numbers
    [{ clockTolerance: -1 }, /`clockTolerance` must be a duration in seconds.*from 0 to 300, not -1/],
    [{ clockTolerance: 301 }, /not 301/],
    [{ clockTolerance: '5' }, /not "5"/],
    [{ clockTolerance: Number.NaN }, /not NaN/],
    [{ maxPending: 0 }, /`maxPending` must be a whole number from 1/],
    [{ maxPending: 1.5 }, /`maxPending`/],
    [{ maxPending: Number.POSITIVE_INFINITY }, /`maxPending`/],
    [{ tokenCache: true }, /`tokenCache` must be false or \{ max \}/],
    [{ tokenCache: 500 }, /`tokenCache` must be/],
    [{ tokenCache: { max: 0 } }, /`tokenCache\.max` must be a whole number/],
    [{ jwksCache: 600 }, /`jwksCache` must be an object, not 600/],
    [{ jwksCache: { maxAge: 0 } }, /`jwksCache\.maxAge` must be a duration in seconds.*above 0/],
    [{ jwksCache: { maxAge: 600_000 } }, /seconds \(not milliseconds\).*not 600000/],
    [{ jwksCache: { maxStale: -1 } }, /`jwksCache\.maxStale`/],
    [{ jwksCache: { cooldown: 0 } }, /`jwksCache\.cooldown`/],
    [{ jwksCache: { timeout: 5_000 } }, /`jwksCache\.timeout`.*not 5000/],
    // The rest
    [{ organization: 'mandatory' }, /`organization` must be 'none', 'optional', 'required' or a function/],
    [{ algorithms: [] }, /`algorithms` must be/],
    [{ algorithms: ['none'] }, /`algorithms` must be one or more of ES256, ES384, .*not "none"/],
    [{ algorithms: ['EdDSA'] }, /`algorithms` must be one or more of ES256, ES384, .*not "EdDSA"/],
    [{ algorithms: ['HS256'] }, /not "HS256"/],
    [{ algorithms: ['es384'] }, /not "es384"/],
    [{ machineOnly: 'false' }, /`machineOnly` must be true or false, not "false"/],
    [{ machineOnly: null }, /`machineOnly` must be true or false, not null/],
    [{ organization: null }, /`organization` must be.*not null/],
    [{ organization: 'o-1' }, /`organization` must be.*not "o-1"/],
    [{ isRevoked: true }, /`isRevoked` must be a function, not true/],
    [{ isRevoked: false }, /`isRevoked` must be a function, not false/],
    [{ isRevoked: null }, /`isRevoked` must be a function, not null/],
    [{ isRevoked: ['j-1'] }, /`isRevoked` must be a function, not a list of 1/],
    [{ getToken: 'header' }, /`getToken` must be a function/],
    [{ getToken: null }, /`getToken` must be a function, not null/],
    [{ onError: {} }, /`onError` must be a function, not an object/],
    [{ onError: null }, /`onError` must be a function, not null/],
    [{ fetch: 'x' }, /`fetch` must be a function/],
    [{ realm: '' }, /`realm` must be printable ASCII/],
    [{ realm: 'a"b' }, /`realm` must be printable ASCII without " and \\, not "a\\"b"/],
    [{ realm: 'a\\b' }, /`realm`/],
    [{ realm: 'a\r\nb' }, /`realm`/],
    [{ realm: 'büro' }, /`realm`/],
    [{ realm: 5 }, /`realm`/],
    [{ realm: null }, /`realm` must be.*not null/],
    [{ realm: ['api'] }, /`realm` must be.*not a list of 1/],
    [{ realm: 'a\0b' }, /`realm`/],
    [{ realm: 'a\x7fb' }, /`realm`/],
    [{ resourceMetadata: '/.well-known/x' }, /`resourceMetadata` must be the URL/],
    [{ resourceMetadata: 'https://a.example/"x' }, /`resourceMetadata`/],
    [
      { resourceMetadata: 'https://user:hunter2@a.example/' },
      /`resourceMetadata` must not contain a user name or a password: "https:\/\/…@a\.example/,
    ],
    [{ resourceMetadata: 'https://user@a.example/x' }, /`resourceMetadata` must not contain a user name/],
    [{ resourceMetadata: 'https://a.example/x#y' }, /`resourceMetadata` must be .*without a fragment, not/],
    [{ allowInsecureRequests: 'yes' }, /`allowInsecureRequests` must be true or false/],
  ];

  it.each(wrong)(
    'throw a TypeError with the option, its value and the expected value: %j',
    (options, message) => {
      expect(() => withEndpoint(options)).toThrow(TypeError);
      expect(() => withEndpoint(options)).toThrow(message);
    },
  );

  it.each([null, 'https://tenant.logto.app', ['x']])('throw if they are not an object: %j', (options) => {
    expect(() => createLogtoAuth(options as never)).toThrow(/options` must be an object/);
  });

  it('throw errors that contain no password', () => {
    const values = [
      'x://user:hunter2@host "',
      'https:user:hunter2@host',
      'https://user:hunter2#x@host',
      'user:hunter2@host',
    ];
    const options = ['endpoint', 'resourceMetadata', 'organization', 'algorithms', 'tokenCache'];
    for (const [option, value] of options.flatMap((name) => values.map((one) => [name, one] as const))) {
      expect(() => withEndpoint({ [option]: value })).toThrow(TypeError);
      expect(() => withEndpoint({ [option]: value })).not.toThrow(/hunter2/);
    }
  });
});

describe('the audience of an organization token is refused, with a remedy that fits the function:', () => {
  const auth = createLogtoAuth({ endpoint, audience });
  const token = 'urn:logto:organization:o1';
  const remedy = 'requireOrganizationScopes';

  it('an instance and a guard name the guard for such tokens', () => {
    expect(() => createLogtoAuth({ endpoint, audience: token })).toThrow(remedy);
    expect(() => auth.requireScopes(['read:products'], { audience: token })).toThrow(remedy);
  });

  it('verify() names its own option', async () => {
    await expect(auth.verify('a.b.c', { audience: token })).rejects.toThrow(
      new TypeError(
        'verify: `audience` must not be "urn:logto:organization:o1". ' +
          'To require an organization token, pass organizationToken: { id }.',
      ),
    );
  });

  it('the metadata document has no such option', () => {
    expect(() => auth.resourceMetadata({ resource: token })).toThrow(
      new TypeError('resourceMetadata: `resource` must not be "urn:logto:organization:o1".'),
    );
  });
});

describe('valid options', () => {
  it.each([
    ['https://tenant.logto.app', 'https://tenant.logto.app/oidc'],
    ['https://tenant.logto.app/', 'https://tenant.logto.app/oidc'],
    ['https://TENANT.logto.app:443', 'https://tenant.logto.app/oidc'],
    ['https://id.example/logto//', 'https://id.example/logto/oidc'],
    ['https://id.example:8443', 'https://id.example:8443/oidc'],
    ['http://localhost:3001', 'http://localhost:3001/oidc'],
    ['http://127.0.0.1:3001', 'http://127.0.0.1:3001/oidc'],
    ['http://127.1.2.3', 'http://127.1.2.3/oidc'],
    ['http://[::1]:3001/', 'http://[::1]:3001/oidc'],
  ])('convert the endpoint %s to the issuer %s', (given, issuer) => {
    expect(resolve({ endpoint: given }).issuers).toEqual([{ issuer, jwksUri: `${issuer}/jwks` }]);
  });

  it('may have several endpoints, and duplicates are removed', () => {
    const { issuers } = resolve({
      endpoint: ['https://a.example', 'https://b.example/', 'https://A.example/'],
    });
    expect(issuers.map(({ issuer }) => issuer)).toEqual(['https://a.example/oidc', 'https://b.example/oidc']);
  });

  it('may have an http endpoint on another host if allowInsecureRequests is true', () => {
    const options = { endpoint: 'http://logto:3001', allowInsecureRequests: true };
    expect(resolve(options).issuers[0]?.issuer).toBe('http://logto:3001/oidc');
  });

  it('keep issuers unchanged, with keys at an internal address or pinned', () => {
    const { issuers } = resolve({
      issuers: [
        { issuer: 'https://id.example/oidc/' },
        { issuer: 'http://public.example/oidc', jwksUri: 'http://127.0.0.1:3001/oidc/jwks?a=b' },
        { issuer: 'http://pinned.example/oidc', jwks },
      ],
    });
    expect(issuers).toEqual([
      { issuer: 'https://id.example/oidc/', jwksUri: 'https://id.example/oidc/jwks' },
      { issuer: 'http://public.example/oidc', jwksUri: 'http://127.0.0.1:3001/oidc/jwks?a=b' },
      { issuer: 'http://pinned.example/oidc', keys: { keys: expect.any(Map), ignored: [] } },
    ]);
  });

  it.each([
    'https://shopping.api',
    'https://shopping.api/v1?x=y',
    'urn:shop:api',
    'https://xn--mnchen-3ya.example',
  ])('keep the audience %s unchanged', (value) => {
    expect(resolve({ endpoint, audience: value }).audience).toEqual([value]);
  });

  it('have their defaults if they are absent or undefined', () => {
    const defaults = {
      audience: undefined,
      organization: 'none',
      algorithms: ['ES384', 'RS256', 'ES256', 'ES512', 'PS256'],
      clockTolerance: 5,
      machineOnly: true,
      maxTokens: 10_000,
      maxPending: 1_000,
      jwksCache: { maxAge: 600, maxStale: 86_400, cooldown: 30, timeout: 5 },
      isRevoked: undefined,
      getToken: undefined,
      onError: undefined,
      realm: 'api',
      resourceMetadata: undefined,
    };
    expect(resolve({ endpoint })).toMatchObject(defaults);
    const names = [
      'audience',
      'organization',
      'algorithms',
      'clockTolerance',
      'machineOnly',
      'tokenCache',
      'jwksCache',
    ];
    const undefinedOnes = Object.fromEntries(
      [...names, 'fetch', 'realm', 'issuers'].map((name) => [name, undefined]),
    );
    expect(resolve({ endpoint, ...undefinedOnes })).toMatchObject(defaults);
  });

  it.each(['api', 'the shop', "!#$%&'()*+,-./:;<=>?@[]^_`{|}~"])('keep the realm %j unchanged', (realm) => {
    expect(withEndpoint({ realm }).realm).toBe(realm);
  });

  it('may have an @ in the path of the metadata document', () => {
    const resourceMetadata = 'https://a.example/.well-known/oauth-protected-resource/@shop';
    expect(withEndpoint({ resourceMetadata }).resourceMetadata).toBe(resourceMetadata);
  });

  it('keep functions unchanged, async or not', () => {
    const functions = { isRevoked: async () => false, getToken: () => undefined, onError: async () => {} };
    const organization = () => 'o-1';
    expect(withEndpoint({ ...functions, organization })).toMatchObject({ ...functions, organization });
  });

  it('may have fractions of a second, no token cache and a list of algorithms', () => {
    const options = {
      clockTolerance: 0.5,
      tokenCache: false,
      algorithms: ['ES384'],
      jwksCache: { maxAge: 0.1 },
    };
    expect(withEndpoint(options)).toMatchObject({
      clockTolerance: 0.5,
      maxTokens: 0,
      algorithms: ['ES384'],
      jwksCache: { maxAge: 0.1, maxStale: 86_400, cooldown: 30, timeout: 5 },
    });
  });
});

describe('the environment', () => {
  const env = {
    LOGTO_ENDPOINT: 'https://a.example, https://b.example',
    LOGTO_AUDIENCE: 'https://x.api,https://y.api',
  };

  it('is used if the options are absent, with several values separated by commas', () => {
    const settings = resolve({}, env);
    expect(settings.issuers.map(({ issuer }) => issuer)).toEqual([
      'https://a.example/oidc',
      'https://b.example/oidc',
    ]);
    expect(settings.audience).toEqual(['https://x.api', 'https://y.api']);
  });

  it('is not used if the option is given', () => {
    const settings = resolve({ endpoint: 'https://c.example', audience: 'https://z.api' }, env);
    expect(settings.issuers.map(({ issuer }) => issuer)).toEqual(['https://c.example/oidc']);
    expect(settings.audience).toEqual(['https://z.api']);
    const { issuers } = resolve({ issuers: [{ issuer: 'https://d.example/oidc' }] }, env);
    expect(issuers.map(({ issuer }) => issuer)).toEqual(['https://d.example/oidc']);
  });

  it.each([{}, { LOGTO_ENDPOINT: '' }, { LOGTO_ENDPOINT: ' , ' }])(
    'without an endpoint (%j) causes an error that says how to set one',
    (missing) => {
      expect(() => resolve({}, missing)).toThrow(TypeError);
      expect(() => resolve({}, missing)).toThrow(
        /LOGTO_ENDPOINT.*is not set.*node --env-file=\.env.*import 'dotenv\/config'/,
      );
    },
  );

  it('is validated like an option', () => {
    expect(() => resolve({}, { LOGTO_ENDPOINT: 'https://your-tenant.logto.app' })).toThrow(
      /`LOGTO_ENDPOINT` is still a placeholder/,
    );
    expect(() => resolve({}, { LOGTO_ENDPOINT: 'https://a.example/oidc' })).toThrow(
      /`LOGTO_ENDPOINT` .*without \/oidc/,
    );
    expect(() => resolve({ endpoint }, { LOGTO_AUDIENCE: 'shop' })).toThrow(
      /`LOGTO_AUDIENCE` .*absolute URI/,
    );
  });
});
