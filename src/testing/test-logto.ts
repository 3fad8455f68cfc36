import { withoutQuery } from '../util/addresses.js';
import { type RegisteredApp, resolveApp, type TestAppOptions } from './app-options.js';
import { Endpoint } from './endpoint.js';
import { resolveFault, type TestFault } from './fault.js';
import { issueAccessToken } from './issue-token.js';
import { KeyRing } from './key-ring.js';
import { LoopbackServer } from './loopback-server.js';
import { type RotateKeysOptions, resolveStart, type StartTestLogtoOptions } from './options.js';
import { sendDiscovery, sendKeySet, sendNotFound } from './responses.js';
import type { SigningKey } from './signing-key.js';
import { respondToTokenRequest } from './token-endpoint.js';
import type { TestTokenOptions } from './token-options.js';

/** A Logto for tests. None of its functions needs `this`. */
export interface TestLogto {
  /** The `endpoint` option of the guards, or `LOGTO_ENDPOINT`. It does not change with `stop()` and `start()`. */
  readonly endpoint: string;
  /** The `iss` of its tokens: `<endpoint>/oidc`. */
  readonly issuer: string;
  /** The `audience` option of the guards, or `LOGTO_AUDIENCE`. */
  readonly audience: string;
  /** The number of requests for the keys since this Logto was created. */
  readonly keyRequests: number;
  /** The number of requests to the token endpoint since this Logto was created. */
  readonly tokenRequests: number;
  /**
   * Issues an access token (RFC 9068) like Logto's, except for the given options. Works even while this Logto is
   * stopped.
   *
   * @example
   * const token = await logto.issueToken({ scopes: ['read:products'] });
   * await request(app).get('/products').auth(token, { type: 'bearer' }).expect(200);
   *
   * @throws TypeError (as a rejection) if an option is wrong or misspelt
   */
  readonly issueToken: (options?: TestTokenOptions) => Promise<string>;
  /**
   * Registers an app, which can obtain tokens by client credentials (RFC 6749 section 4.4) at `<issuer>/token`: for
   * the API, for the API inside an organization, and for an organization.
   *
   * @example
   * const app = await logto.addApp({ scopes: ['read:products'] });
   * const client = createM2MClient({ ...app, endpoint: logto.endpoint, resource: logto.audience });
   *
   * @throws TypeError (as a rejection) if an option is wrong or misspelt
   */
  readonly addApp: (options?: TestAppOptions) => Promise<TestApp>;
  /** The `kid` of the current signing key. */
  readonly currentKid: () => Promise<string>;
  /** The published keys (RFC 7517 section 5), without a request. */
  readonly keySet: () => Promise<TestKeySet>;
  /**
   * Signs with a new key from now on. The previous key stays in the key set unless `keepPrevious` is false, and the
   * one before it is removed, as in Logto. With `staged` the new key is only published, and the next call makes it
   * the signing key.
   *
   * @throws TypeError (as a rejection) if an option is wrong or misspelt, if `staged` or `alg` is passed while a key is
   *   already staged, or if `keepPrevious` is passed together with `staged`
   */
  readonly rotateKeys: (options?: RotateKeysOptions) => Promise<void>;
  /**
   * Makes the key endpoint slow, failing or malformed from now on; without an argument, resets it.
   *
   * @throws TypeError (as a rejection) if an option is wrong or misspelt
   */
  readonly setKeyFault: (fault?: TestFault) => Promise<void>;
  /**
   * Makes the token endpoint slow, failing, malformed or refusing; without an argument, resets it.
   *
   * @throws TypeError (as a rejection) if an option is wrong or misspelt
   */
  readonly setTokenFault: (fault?: TestFault) => Promise<void>;
  /** Stops the server and closes all connections. To a guard, Logto is down. */
  readonly stop: () => Promise<void>;
  /**
   * Starts the server again, with the same address and keys; does nothing if it is running.
   *
   * @throws Error (as a rejection) if another program has taken the port
   */
  readonly start: () => Promise<void>;
}

/** An app of a `TestLogto`, in the form of options of `createM2MClient`. */
export interface TestApp {
  /** The app's id. */
  readonly appId: string;
  /** The app's secret. */
  readonly appSecret: string;
}

/** A JWK Set (RFC 7517 section 5). */
export interface TestKeySet {
  /** The public keys, in the order in which they are published. */
  readonly keys: readonly object[];
}

/**
 * Starts a Logto for tests on 127.0.0.1: an HTTP server that publishes keys (RFC 7517 section 5) for guards, issues
 * access tokens signed with these keys, and has a token endpoint for its apps. It does not keep the process alive.
 *
 * @example
 * const logto = await startTestLogto({ audience: 'https://shopping.api' });
 * const { requireScopes } = createLogtoAuth({ endpoint: logto.endpoint, audience: logto.audience });
 * const token = await logto.issueToken({ scopes: ['read:products'] });
 * await logto.stop();
 *
 * @throws TypeError (as a rejection) if an option is wrong or misspelt
 * @throws Error (as a rejection) if the port is taken
 */
export async function startTestLogto(options: StartTestLogtoOptions = {}): Promise<TestLogto> {
  return (await openTestLogto(options)).logto;
}

/** Starts a Logto and returns it with its signing key, for the processes of a test run that share it. */
export async function openTestLogto(
  options: StartTestLogtoOptions,
): Promise<{ readonly logto: TestLogto; readonly signingKey: () => SigningKey }> {
  const { audience, alg, port } = resolveStart(options);
  const ring = await KeyRing.create(alg);
  const apps = new Map<string, RegisteredApp>();
  const keys = new Endpoint((_req, res) => sendKeySet(res, ring.published));
  const tokens = new Endpoint((req, res) => {
    const tenant = { issuer, audience, apps, issueToken: logto.issueToken };
    // If the request was aborted, no response is needed.
    respondToTokenRequest(req, res, tenant).catch(() => void res.destroy());
  });
  const endpoints = new Map([
    ['GET /oidc/jwks', keys],
    ['HEAD /oidc/jwks', keys],
    ['POST /oidc/token', tokens],
    ['GET /oidc/.well-known/openid-configuration', new Endpoint((_req, res) => sendDiscovery(res, issuer))],
  ]);
  const server = new LoopbackServer(port, (req, res) => {
    const requested = endpoints.get(`${req.method} ${withoutQuery(req.url ?? '')}`);
    if (requested === undefined) sendNotFound(req, res);
    else requested.serve(req, res);
  });
  await server.start();
  const { endpoint } = server;
  const issuer = `${endpoint}/oidc`;
  const signingKey = () => ring.current;
  const logto: TestLogto = {
    endpoint,
    issuer,
    audience,
    get keyRequests() {
      return keys.requests;
    },
    get tokenRequests() {
      return tokens.requests;
    },
    issueToken: async (wanted = {}) => issueAccessToken(wanted, { issuer, audience }, signingKey()),
    addApp: async (wanted = {}) => {
      const app = resolveApp(wanted);
      apps.set(app.appId, app);
      return { appId: app.appId, appSecret: app.appSecret };
    },
    currentKid: async () => signingKey().kid,
    keySet: async () => ({ keys: ring.published.map(({ publicJwk }) => ({ ...publicJwk })) }),
    rotateKeys: (rotation = {}) => ring.rotate(rotation),
    setKeyFault: async (fault) => {
      keys.fault = fault && resolveFault('setKeyFault', fault);
    },
    setTokenFault: async (fault) => {
      tokens.fault = fault && resolveFault('setTokenFault', fault);
    },
    stop: () => server.stop(),
    start: () => server.start(),
  };
  return { logto, signingKey };
}
