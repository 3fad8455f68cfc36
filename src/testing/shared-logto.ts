import { createPrivateKey, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { issueAccessToken } from './issue-token.js';
import { type SigningKey, toSigningKey } from './signing-key.js';
import { openTestLogto, type TestLogto } from './test-logto.js';

/** The variable by which the processes of a test run find the Logto that they share. */
const VARIABLE = 'EXPRESS_LOGTO_M2M_TEST_LOGTO';

/** The Logto of a whole test run. It counts no requests, since those of all test files reach it. */
export type SharedTestLogto = Omit<TestLogto, 'keyRequests'>;

/** What the variable holds, as JSON. */
interface Address {
  /** Takes the calls of other processes; the path is a secret. */
  readonly control: string;
  readonly endpoint: string;
  readonly audience: string;
}

/** How a key is sent to another process of the same test run. */
interface SentKey {
  readonly alg: string;
  readonly pem: string;
}

/**
 * Starts the Logto of a test run, unless it runs, and sets `LOGTO_ENDPOINT` and `LOGTO_AUDIENCE` for this process and
 * for those that it starts. An audience that is set already is kept, since the app may name it elsewhere.
 */
export async function shareTestLogto(env: NodeJS.ProcessEnv): Promise<void> {
  if (env[VARIABLE] !== undefined) return;
  const audience = env['LOGTO_AUDIENCE']?.split(',')[0]?.trim();
  const { logto, signingKey } = await openTestLogto(audience ? { audience } : {});
  const address: Address = {
    control: await serveCalls({
      'signing-key': async () => toSentKey(signingKey()),
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
 * The Logto of this test run, which `express-logto-m2m/testing/setup` has started. All test files share it: one that
 * rotates its keys or stops it does so for the others, too, and should start its own with `startTestLogto`.
 *
 * @example
 * const token = await testLogto().issueToken({ scopes: ['read:products'] });
 * await request(app).get('/products').auth(token, { type: 'bearer' }).expect(200);
 *
 * @throws TypeError where the run has none, with the line of configuration that starts it
 */
export function testLogto(): SharedTestLogto {
  const variable = process.env[VARIABLE];
  if (variable === undefined) {
    throw new TypeError(
      'testLogto: this test run has no Logto. Add `express-logto-m2m/testing/setup` to the configuration of your test ' +
        'runner: as `globalSetup` of vitest or jest, or by `--import` of node or mocha.',
    );
  }
  const { control, endpoint, audience } = JSON.parse(variable) as Address;
  const issuer = `${endpoint}/oidc`;
  return {
    endpoint,
    issuer,
    audience,
    // Signed here and not by the other process, whose clock a test of this one cannot set.
    issueToken: async (options = {}) => {
      const key = fromSentKey((await call(control, 'signing-key')) as SentKey);
      return issueAccessToken(options, { issuer, audience }, key);
    },
    rotateKeys: async (options = {}) => void (await call(control, 'rotate-keys', options)),
    stop: async () => void (await call(control, 'stop')),
    start: async () => void (await call(control, 'start')),
  };
}

function toSentKey({ alg, privateKey }: SigningKey): SentKey {
  return { alg, pem: String(privateKey.export({ type: 'pkcs8', format: 'pem' })) };
}

function fromSentKey({ alg, pem }: SentKey): SigningKey {
  return toSigningKey(alg, createPrivateKey(pem));
}

type Calls = Readonly<Record<string, (argument: unknown) => Promise<unknown>>>;

/** Serves calls by name on loopback. Gives the address, which nobody can guess. It holds no process. */
async function serveCalls(calls: Calls): Promise<string> {
  const secret = randomUUID();
  const server = createServer(async (req, res) => {
    const [, path, name = ''] = req.url?.split('/') ?? [];
    const run = path === secret && Object.hasOwn(calls, name) ? calls[name] : undefined;
    if (run === undefined) {
      res.writeHead(404).end();
      return;
    }
    try {
      const result = await run(JSON.parse(await textOf(req)));
      res.end(JSON.stringify(result ?? null));
    } catch (error) {
      const isMistake = error instanceof TypeError;
      res.writeHead(isMistake ? 400 : 500).end((error as Error).message);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/${secret}`;
}

/** Not by `fetch`, which some test environments take away. */
async function call(control: string, name: string, argument: unknown = null): Promise<unknown> {
  const sent = request(`${control}/${name}`, { method: 'POST', agent: false });
  sent.end(JSON.stringify(argument));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const text = await textOf(response);
  if (response.statusCode === 400) throw new TypeError(text);
  if (response.statusCode !== 200) throw new Error(`testLogto: ${name} failed: ${text}`);
  return JSON.parse(text);
}

async function textOf(stream: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
