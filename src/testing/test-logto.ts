import { InTurn } from './in-turn.js';
import { issueAccessToken } from './issue-token.js';
import { KeyServer, sendKeySet } from './key-server.js';
import {
  type RotateKeysOptions,
  resolveRotation,
  resolveStart,
  type StartTestLogtoOptions,
  type TestTokenOptions,
} from './options.js';
import { createSigningKey, type SigningKey } from './signing-key.js';

/** A Logto for tests. None of its functions needs `this`. */
export interface TestLogto {
  /** For the guards: the `endpoint` option, or `LOGTO_ENDPOINT`. It stays the same after `stop()` and `start()`. */
  readonly endpoint: string;
  /** The `iss` of its tokens: `<endpoint>/oidc`. */
  readonly issuer: string;
  /** For the guards: the `audience` option, or `LOGTO_AUDIENCE`. */
  readonly audience: string;
  /** How often the keys were fetched since it was made. */
  readonly keyRequests: number;
  /**
   * Issues an access token (RFC 9068) as Logto's, but for what is asked to be otherwise: also while it is stopped.
   *
   * @example
   * const token = await logto.issueToken({ scopes: ['read:products'] });
   * await request(app).get('/products').auth(token, { type: 'bearer' }).expect(200);
   *
   * @throws TypeError (as a rejection) where an option is wrong or misspelt
   */
  readonly issueToken: (options?: TestTokenOptions) => Promise<string>;
  /**
   * Signs with a new key from now on. The one before stays in the key set unless `keepPrevious` is false; the one
   * before that goes, as with Logto.
   *
   * @throws TypeError (as a rejection) where an option is wrong or misspelt
   */
  readonly rotateKeys: (options?: RotateKeysOptions) => Promise<void>;
  /** Stops serving and closes every connection; nothing stays open. To a guard, Logto is down. */
  readonly stop: () => Promise<void>;
  /**
   * Serves again, at the same address and with the same keys; nothing happens where it does already.
   *
   * @throws Error (as a rejection) where another program has taken the port
   */
  readonly start: () => Promise<void>;
}

/**
 * Starts a Logto for tests on 127.0.0.1: an HTTP server with its keys (RFC 7517 section 5), as guards fetch them, and
 * access tokens signed by these. It has no token endpoint. A process that forgets to stop it can end all the same.
 *
 * @example
 * const logto = await startTestLogto({ audience: 'https://shopping.api' });
 * const { requireScopes } = createLogtoAuth({ endpoint: logto.endpoint, audience: logto.audience });
 * const token = await logto.issueToken({ scopes: ['read:products'] });
 * await logto.stop();
 *
 * @throws TypeError (as a rejection) where an option is wrong or misspelt
 * @throws Error (as a rejection) where the port is taken
 */
export async function startTestLogto(options: StartTestLogtoOptions = {}): Promise<TestLogto> {
  return (await openTestLogto(options)).logto;
}

/** The same, with its key, for the processes of one test run that share it. */
export async function openTestLogto(
  options: StartTestLogtoOptions,
): Promise<{ readonly logto: TestLogto; readonly signingKey: () => SigningKey }> {
  const { audience, alg, port } = resolveStart(options);
  let keys: readonly SigningKey[] = [];
  const server = new KeyServer(port, (res) => sendKeySet(res, keys));
  const [first] = await Promise.all([createSigningKey(alg), server.start()]);
  keys = [first];
  // The first of the keys, of which there always is one, signs.
  const signingKey = () => keys[0] as SigningKey;
  const rotations = new InTurn();
  const { endpoint } = server;
  const issuer = `${endpoint}/oidc`;
  const logto: TestLogto = {
    endpoint,
    issuer,
    audience,
    get keyRequests() {
      return server.requests;
    },
    issueToken: async (wanted = {}) => issueAccessToken(wanted, { issuer, audience }, signingKey()),
    // An RSA key takes longer to make than one that was asked for after it.
    rotateKeys: (rotation = {}) =>
      rotations.do(async () => {
        const { alg: next, keepPrevious } = resolveRotation(rotation, signingKey().alg);
        const key = await createSigningKey(next);
        keys = keepPrevious ? [key, signingKey()] : [key];
      }),
    stop: () => server.stop(),
    start: () => server.start(),
  };
  return { logto, signingKey };
}
