import { createPrivateKey } from 'node:crypto';
import { variable } from '../util/environment.js';
import type { TestAppOptions } from './app-options.js';
import { call, serveCalls } from './calls.js';
import type { TestFault } from './fault.js';
import { issueAccessToken } from './issue-token.js';
import { type SigningKey, toSigningKey } from './signing-key.js';
import { openTestLogto, type TestApp, type TestKeySet, type TestLogto } from './test-logto.js';

/** The variable through which the processes of a test run find the Logto that they share. */
const VARIABLE = 'EXPRESS_LOGTO_M2M_TEST_LOGTO';

/** The Logto of a whole test run. It has no request counts, since the requests of all test files reach it. */
export type SharedTestLogto = Omit<TestLogto, 'keyRequests' | 'tokenRequests'>;

/** The content of the variable, as JSON. */
interface Address {
  /** Receives the calls of other processes. The path is a secret. */
  readonly control: string;
  readonly endpoint: string;
  readonly audience: string;
}

/** A key in the form sent to another process of the same test run. */
interface SentKey {
  readonly alg: string;
  readonly pem: string;
}

/**
 * Starts the Logto of a test run unless it is running, and sets `LOGTO_ENDPOINT` and `LOGTO_AUDIENCE` for this
 * process and its child processes. If `LOGTO_AUDIENCE` is set, its first value is the audience, and the variable is
 * reduced to it.
 */
export async function shareTestLogto(env: NodeJS.ProcessEnv): Promise<void> {
  if (variable(VARIABLE, env) !== undefined) return;
  const audience = variable('LOGTO_AUDIENCE', env)?.split(',')[0]?.trim();
  const { logto, signingKey } = await openTestLogto(audience ? { audience } : {});
  const address: Address = {
    control: await serveCalls({
      'signing-key': async () => toSentKey(signingKey()),
      'add-app': (options) => logto.addApp(options as TestAppOptions),
      'key-set': () => logto.keySet(),
      'set-key-fault': (fault) => logto.setKeyFault(toFault(fault)),
      'set-token-fault': (fault) => logto.setTokenFault(toFault(fault)),
      'rotate-keys': (options) => logto.rotateKeys(options as Parameters<TestLogto['rotateKeys']>[0]),
      stop: () => logto.stop(),
      start: () => logto.start(),
    }),
    endpoint: logto.endpoint,
    audience: logto.audience,
  };
  env[VARIABLE] = JSON.stringify(address);
  env['LOGTO_ENDPOINT'] = logto.endpoint;
  env['LOGTO_AUDIENCE'] = logto.audience;
}

/**
 * Returns the Logto that `express-logto-m2m/testing/setup` started. With most runners all test files share it. A test
 * that rotates its keys, stops it or sets a fault would affect the other files, and should start its own with
 * `startTestLogto`.
 *
 * @example
 * const token = await testLogto().issueToken({ scopes: ['read:products'] });
 * await request(app).get('/products').auth(token, { type: 'bearer' }).expect(200);
 *
 * @throws TypeError if the run has none, with the line of configuration that starts it
 */
export function testLogto(): SharedTestLogto {
  const address = variable(VARIABLE);
  if (address === undefined) {
    throw new TypeError(
      'testLogto: this test run has no Logto. Add `express-logto-m2m/testing/setup` to the configuration of your test ' +
        'runner: as `globalSetup` of vitest or jest, or by `--import` of node or mocha.',
    );
  }
  const { control, endpoint, audience } = JSON.parse(address) as Address;
  const issuer = `${endpoint}/oidc`;
  return {
    endpoint,
    issuer,
    audience,
    // Signed in this process: a test cannot set the clock of the other process.
    issueToken: async (options = {}) => {
      const key = fromSentKey((await call(control, 'signing-key')) as SentKey);
      return issueAccessToken(options, { issuer, audience }, key);
    },
    addApp: async (options = {}) => (await call(control, 'add-app', options)) as TestApp,
    currentKid: async () => fromSentKey((await call(control, 'signing-key')) as SentKey).kid,
    keySet: async () => (await call(control, 'key-set')) as TestKeySet,
    setKeyFault: async (fault) => void (await call(control, 'set-key-fault', fault)),
    setTokenFault: async (fault) => void (await call(control, 'set-token-fault', fault)),
    rotateKeys: async (options = {}) => void (await call(control, 'rotate-keys', options)),
    stop: async () => void (await call(control, 'stop')),
    start: async () => void (await call(control, 'start')),
  };
}

/** JSON has no undefined, so it arrives as null. */
function toFault(fault: unknown): TestFault | undefined {
  return fault === null ? undefined : (fault as TestFault);
}

function toSentKey({ alg, privateKey }: SigningKey): SentKey {
  return { alg, pem: String(privateKey.export({ type: 'pkcs8', format: 'pem' })) };
}

function fromSentKey({ alg, pem }: SentKey): SigningKey {
  return toSigningKey(alg, createPrivateKey(pem));
}
