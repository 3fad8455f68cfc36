import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createM2MClient } from '../../src/client/index.js';
import { admin } from '../cli/setup/tenant.js';
import { type Application, shopDirectory } from '../local-issuer/directory.js';
import { runBuilt } from '../support/built-command.js';
import { Recorder } from '../support/client.js';
import { StandInLogto } from '../support/management-api/stand-in-logto.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Example {
  child: ChildProcess;
  api: string;
  logto: string;
}

const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

interface Words {
  /** The arguments of the program. */
  args?: string[];
  /** A file from which Node reads further environment variables. */
  envFile?: string;
}

/** Runs a built program of the example. */
function run(program: string, env: Record<string, string | undefined>, { args = [], envFile }: Words = {}) {
  const { LOGTO_ENDPOINT, LOGTO_AUDIENCE, LOGTO_APP_ID, LOGTO_APP_SECRET, ...inherited } = process.env;
  const options = envFile === undefined ? [] : [`--env-file=${envFile}`];
  const child = spawn(process.execPath, [...options, `example-server/dist/${program}.js`, ...args], {
    cwd: root,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  return child;
}

async function outcome(program: string, env: Record<string, string | undefined>, words?: Words) {
  const child = run(program, env, words);
  const [output, errors, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { output, errors, exitCode };
}

/** Starts the example server, which uses its own issuer unless the environment names another. */
async function startExample(env: Record<string, string | undefined> = {}, words?: Words): Promise<Example> {
  const child = run('main', { PORT: '0', ISSUER_PORT: '0', ...env }, words);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    output += chunk;
  });
  await vi.waitFor(() => expect(output).toContain('Ctrl-C stops'), 30_000);
  const [api = '', issuer = ''] = output.match(/http:\S+/g) ?? [];
  return { child, api, logto: issuer.replace(/\/oidc$/, '') };
}

async function stopExample({ child }: Example): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

function appNamed(name: string): Application {
  const app = shopDirectory().applications.find((candidate) => candidate.name === name);
  if (!app) throw new Error(`no app ${name}`);
  return app;
}

describe('the statistics service', () => {
  let example: Example;
  beforeAll(async () => {
    example = await startExample();
  });
  afterAll(() => stopExample(example));

  /** The environment of the service for the example, with the credentials of this app. */
  function environment(name = 'statistics-service') {
    const { id, secret } = appNamed(name);
    return {
      SHOP_URL: example.api,
      LOGTO_ENDPOINT: example.logto,
      LOGTO_APP_ID: id,
      LOGTO_APP_SECRET: secret,
    };
  }

  it("prints a report of the day's orders and the products", async () => {
    const { output, errors, exitCode } = await outcome('statistics-service', environment());
    expect({ errors, exitCode }).toEqual({ errors: '', exitCode: 0 });
    expect(output.replace(/\d{4}-\d\d-\d\d/, 'DATE')).toBe(`The shop on DATE (UTC)

Orders    3
Revenue   182.80 EUR
Products  6

Sold
     4  Paper filters, 100 pieces
     1  Espresso beans, 1 kg
     1  Milk jug, 350 ml
     1  Burr grinder

Fewer than 20 in stock
    14  Burr grinder
`);
    expect(output).toContain(new Date().toISOString().slice(0, 10));
  });

  it('exits within four seconds', async () => {
    const started = Date.now();
    await outcome('statistics-service', environment());
    expect(Date.now() - started).toBeLessThan(4_000);
  });

  it('reports the permission that its app lacks', async () => {
    const { id } = appNamed('stranger-service');
    expect(await outcome('statistics-service', environment('stranger-service'))).toEqual({
      output: '',
      errors: `App ${id} lacks the permission read:products for /products: assign it a machine-to-machine role with that permission, in the Logto Console.\n`,
      exitCode: 1,
    });
  });

  it('exits with 1 if the API belongs to another Logto', async () => {
    const other = await StandInLogto.start();
    const itsExample = await startExample({ LOGTO_ENDPOINT: other.endpoint });
    const { errors, exitCode } = await outcome('statistics-service', {
      ...environment(),
      SHOP_URL: itsExample.api,
    });
    expect(errors).toMatch(
      /^The shop's API at \S+ does not accept this app's token \(401 invalid_token\): is it configured for \S+ and https:\/\/shopping\.api\?\n$/,
    );
    expect(exitCode).toBe(1);
    await stopExample(itsExample);
    await other.stop();
  });

  it.each<[string, Record<string, string>, RegExp]>([
    [
      'Logto refuses',
      { LOGTO_APP_SECRET: 'wrong' },
      /\(invalid_client\)\. The secret is not that of app \w+/,
    ],
    [
      'settings are missing',
      { SHOP_URL: '', LOGTO_APP_ID: '' },
      /^SHOP_URL, LOGTO_APP_ID not set\. SHOP_URL is the address of the shop's API, .+\n$/,
    ],
    ['a setting is wrong', { SHOP_URL: 'shop' }, /^createM2MClient: `baseUrl` .+\n$/],
  ])('exits with 1 and prints one sentence if %s', async (_case, env, sentence) => {
    const { output, errors, exitCode } = await outcome('statistics-service', { ...environment(), ...env });
    expect(errors).toMatch(sentence);
    expect(errors).not.toContain(appNamed('statistics-service').secret);
    expect({ output, exitCode }).toEqual({ output: '', exitCode: 1 });
  });

  it('exits with 1 if there is no API', async () => {
    const gone = await Recorder.start(() => {});
    await gone.stop();
    const env = { ...environment(), SHOP_URL: gone.url };
    expect(await outcome('statistics-service', env)).toEqual({
      output: '',
      errors: `The shop's API at ${gone.url} cannot be reached (ECONNREFUSED).\n`,
      exitCode: 1,
    });
  });

  it.each<[string, RequestListener, RegExp]>([
    [
      'returns 503',
      (_req, res) => void res.writeHead(503).end('{"error":"temporarily_unavailable"}'),
      /^The shop's API at \S+ returned 503 temporarily_unavailable for \/products\.\n$/,
    ],
    [
      'is another website',
      (_req, res) => void res.end('<html>Welcome</html>'),
      /^The response of \S+ to \/products is not one of the shop's API: check SHOP_URL\.\n$/,
    ],
    [
      'closes the connection',
      (req) => void req.socket.destroy(),
      /^The shop's API at \S+ cannot be reached \(UND_ERR_SOCKET\)\.\n$/,
    ],
  ])('exits with 1 and prints one sentence if the API %s', async (_case, answer, sentence) => {
    const api = await Recorder.start(answer);
    const env = { ...environment(), SHOP_URL: api.url };
    const { output, errors, exitCode } = await outcome('statistics-service', env);
    expect(errors).toMatch(sentence);
    expect({ output, exitCode }).toEqual({ output: '', exitCode: 1 });
    await api.stop();
  });
});

describe('a tenant created by setup', () => {
  let logto: StandInLogto;
  const folder = mkdtempSync(join(tmpdir(), 'set-up-'));
  afterEach(() => logto.stop());
  afterAll(() => rmSync(folder, { recursive: true }));

  it('lets the statistics service report, with the environment that setup wrote', async () => {
    logto = await StandInLogto.start();
    const envFile = join(folder, 'shop.env');
    const args = ['setup', 'example-server/logto.json', '--write-env', envFile];
    expect((await runBuilt(args, { env: admin(logto) })).code).toBe(0);
    const example = await startExample({}, { envFile });
    const report = () => outcome('statistics-service', { SHOP_URL: example.api }, { envFile });
    expect(await report()).toMatchObject({
      output: expect.stringContaining('Revenue   182.80 EUR\n'),
      errors: '',
      exitCode: 0,
    });

    const written = parseEnv(readFileSync(envFile, 'utf8'));
    // A partner also gets the id of its organization from Logto, and can read its own reports.
    const partner = createM2MClient({
      endpoint: written['LOGTO_ENDPOINT'] ?? '',
      appId: written['PARTNER_SERVICE_ID'] ?? '',
      appSecret: written['PARTNER_SERVICE_SECRET'] ?? '',
      organizationId: written['CORNER_SHOP_ID'] ?? '',
      scopes: ['read:reports'],
      baseUrl: example.api,
    });
    const reports = await partner.fetch(`/organizations/${written['CORNER_SHOP_ID']}/reports`);
    expect(await reports.json()).toMatchObject({ organization: 'Corner Shop' });

    // An admin removes one permission from the role.
    const orders = logto.directory.applications.find(({ name }) => name === 'statistics-service');
    const grants = orders?.grants['https://shopping.api'] ?? [];
    grants.splice(grants.indexOf('read:orders'), 1);
    const { errors, exitCode } = await report();
    expect(errors).toMatch(/lacks the permission read:orders for \/orders\/daily\?date=/);
    expect(exitCode).toBe(1);
    await stopExample(example);
  });
});
