import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify, stripVTControlCharacters } from 'node:util';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Printer, type Step } from '../../demo/src/printer.js';
import { askForToken } from '../../demo/src/tokens.js';
import { shopDirectory } from '../local-issuer/directory.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const wholeToken = /eyJ[\w-]+\.[\w-]+\.[\w-]+/;

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Runs a built program, as `npm run demo` and `npm run example` do. */
function run(
  program: 'demo' | 'main',
  { env = {}, nodeOptions = [] }: { env?: object; nodeOptions?: string[] } = {},
) {
  const { LOGTO_ENDPOINT, LOGTO_AUDIENCE, ...inherited } = process.env;
  const child = spawn(
    process.execPath,
    [...nodeOptions, `${program === 'demo' ? 'demo/dist/main' : 'example-server/dist/main'}.js`],
    {
      cwd: root,
      env: { ...inherited, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  children.push(child);
  return child;
}

/** The output and the exit code of a program that ends by itself. */
async function outcome(child: ReturnType<typeof run>) {
  const [output, errors, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { output, errors, exitCode };
}

describe('the demo', () => {
  test('runs to the end, without colours or whole tokens', async () => {
    const { output, errors, exitCode } = await outcome(run('demo'));
    expect({ errors, exitCode }).toEqual({ errors: '', exitCode: 0 });
    expect(output).toMatch(/\n16 of 16 steps passed\.\n$/);
    expect(stripVTControlCharacters(output)).toBe(output);
    expect(output).not.toMatch(wholeToken);
  });

  test('exits with 1 and shows the difference if a response is not as expected', async () => {
    const lie = `const real = fetch;
      globalThis.fetch = async (url, init) =>
        init?.method === 'DELETE' ? new Response('{}', { status: 200 }) : real(url, init);`;
    const { output, exitCode } = await outcome(run('demo', { nodeOptions: [preload(lie)] }));
    expect(exitCode).toBe(1);
    expect(output).toContain('✗ status: expected 204, received 200');
    expect(output).toMatch(/\n15 of 16 steps passed\.\n$/);
  });

  test('exits with 1 if it cannot continue', async () => {
    const { output, exitCode } = await outcome(
      run('demo', {
        nodeOptions: [preload("globalThis.fetch = async () => { throw new Error('no network'); };")],
      }),
    );
    expect(exitCode).toBe(1);
    expect(output).toContain('✗ The demo stops: no network');
    expect(output).toMatch(/\n0 of 1 steps passed\.\n$/);
  });
});

function preload(code: string): string {
  return `--import=data:text/javascript,${encodeURIComponent(code)}`;
}

describe('the printer of the demo', () => {
  const step: Step = {
    heading: 'A step.',
    shown: { status: '403 Forbidden', challenge: undefined },
    why: 'Because.',
    expected: { status: 403, reason: 'scope', scope: undefined },
    received: { status: 403, reason: 'scope', error: 'insufficient_scope' },
  };

  function listen(colours = false, width = 100) {
    const print = vi.fn<(lines: string) => void>();
    const heard = () => print.mock.calls.join('\n');
    return { printer: new Printer({ print, colours, width }), heard };
  }

  test('prints a step that passed', () => {
    const { printer, heard } = listen();
    printer.step(step);
    expect(printer.summary()).toBe(true);
    expect(heard()).toBe(`
 1. A step.

    status            403 Forbidden
    why               Because.
    ✓ as expected

1 of 1 steps passed.`);
  });

  test.each([
    [{ ...step.received, status: 200 }, '✗ status: expected 403, received 200'],
    [{ status: 403 }, '✗ reason: expected "scope", received none'],
    [{ ...step.received, scope: 'a b' }, '✗ scope: expected none, received "a b"'],
  ])('reports the difference for %o', (received, fault) => {
    const { printer, heard } = listen();
    printer.step({ ...step, received });
    printer.step(step);
    expect(printer.summary()).toBe(false);
    expect(heard()).toContain(`    ${fault}\n`);
    expect(heard()).toContain('1 of 2 steps passed.');
  });

  test('reports failure if no step ran or the demo stopped early', () => {
    expect(listen().printer.summary()).toBe(false);

    const { printer } = listen();
    printer.step(step);
    printer.stop(new Error('no network'));
    expect(printer.summary()).toBe(false);
  });

  test('prints colours only if they are enabled', () => {
    const tell = ({ printer, heard }: ReturnType<typeof listen>) => {
      printer.chapter('Chapter');
      printer.step(step);
      printer.summary();
      return heard();
    };
    const [plain, coloured] = [tell(listen(false)), tell(listen(true))];
    expect(plain).not.toBe(coloured);
    expect(plain).toBe(stripVTControlCharacters(coloured));
  });

  test('breaks long lines at spaces and leaves long words whole', () => {
    const { printer, heard } = listen(false, 50);
    printer.step({ ...step, shown: { body: `${'word '.repeat(12)}${'x'.repeat(40)}` } });
    expect(heard()).toContain(`
    body              word word word word word
                      word word word word word
                      word word
                      ${'x'.repeat(40)}
`);
  });
});

describe('the example', () => {
  /** Starts the example on free ports and waits for the last line of its start-up output. */
  async function start(env: object = {}, until = 'Ctrl-C stops') {
    const child = run('main', { env: { PORT: '0', ISSUER_PORT: '0', ...env } });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      output += chunk;
    });
    await vi.waitFor(() => expect(output).toContain(until), 30_000);
    const [api = '', issuer = ''] = output.match(/http:\S+/g) ?? [];
    return { child, api, issuer, output: () => output };
  }

  async function stop(child: ChildProcess, signal: 'SIGTERM' | 'SIGINT' = 'SIGTERM') {
    const ended = once(child, 'exit');
    child.kill(signal);
    return ended;
  }

  async function takePort() {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    return { taken, port };
  }

  test('prints commands that return the statuses it announces', async ({ skip }) => {
    const missing = ['bash', 'curl'].filter((tool) => spawnSync(tool, ['--version']).error);
    skip(missing.length > 0, `not installed: ${missing.join(', ')}`);
    const { output } = await start();
    const [, toPaste = ''] = output().split('Paste these commands');
    const commands = toPaste.match(/^ {4}.*$/gm) ?? [];
    const said = [...toPaste.matchAll(/\((\d{3})\):$/gm)].map(([, status]) => status);

    const { stdout } = await promisify(execFile)('bash', ['-c', commands.join('\n')]);
    const received = [...stdout.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => status);
    expect(received).toEqual(['200', '200', '403', '200', '403']);
    expect(received).toEqual(said);
    expect(stdout).toContain('Espresso beans');
    expect(stdout).toContain('"revenue"');
    expect(stdout).toContain('error="insufficient_scope"');
    expect(stdout).toContain('Sourdough loaf');
  });

  test('finishes a pending request after SIGTERM and exits with 0', async () => {
    const { child, api, issuer, output } = await start();
    const [, catalog] = shopDirectory().applications;
    if (!catalog) throw new Error('no catalog-service');
    const what = { resource: 'https://shopping.api', scope: 'write:products' };
    const { text: token } = await askForToken(issuer, catalog, what);
    const body = JSON.stringify({ name: 'Green tea', price: { cents: 790, currency: 'EUR' }, stock: 60 });
    const post = request(`${api}/products`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'content-length': body.length,
        connection: 'keep-alive',
        expect: '100-continue',
      },
    });
    post.flushHeaders();
    await once(post, 'continue');

    const ended = stop(child);
    await vi.waitFor(() => expect(output()).toContain('Stopping'), 5_000);
    await expect(fetch(`${api}/healthz`)).rejects.toThrow('fetch failed');
    post.end(body);
    const [response] = await once(post, 'response');
    expect(response.statusCode).toBe(201);
    expect(JSON.parse(await text(response))).toMatchObject({ name: 'Green tea' });
    const answered = Date.now();
    expect(await ended).toEqual([0, null]);
    // The keep-alive connection, which could stay open for four more seconds, does not delay the exit.
    expect(Date.now() - answered).toBeLessThan(3_000);
  });

  test('exits with 0 on Ctrl-C', async () => {
    const { child } = await start();
    expect(await stop(child, 'SIGINT')).toEqual([0, null]);
  });

  test('uses a free port for the issuer if the configured one is taken', async () => {
    const { taken, port } = await takePort();
    const { issuer, output } = await start({ ISSUER_PORT: String(port) });
    expect(output()).toContain(`Port ${port} is taken, so the local Logto uses a free one.`);
    expect((await fetch(`${issuer}/jwks`)).status).toBe(200);
    taken.close();
  });

  test('reports that its own port is taken', async () => {
    const { taken, port } = await takePort();
    const { errors, exitCode } = await outcome(
      run('main', { env: { PORT: String(port), ISSUER_PORT: '0' } }),
    );
    expect({ errors, exitCode }).toEqual({
      errors: `Port ${port} is taken: set PORT to another, such as PORT=3300.\n`,
      exitCode: 1,
    });
    taken.close();
  });

  test('uses the Logto of LOGTO_ENDPOINT and starts while it is down', async () => {
    const { taken, port } = await takePort();
    taken.close();
    const env = { LOGTO_ENDPOINT: `http://127.0.0.1:${port}/`, LOGTO_AUDIENCE: 'https://other.api' };
    const { child, api, issuer, output } = await start(env, 'Not ready: /readyz returns 503.');
    expect(issuer).toBe(`http://127.0.0.1:${port}/oidc`);
    expect(output()).toContain("--data-urlencode 'resource=https://other.api'");
    expect((await fetch(`${api}/readyz`)).status).toBe(503);
    expect((await fetch(`${api}/healthz`)).status).toBe(200);
    expect(await stop(child)).toEqual([0, null]);
  });

  test('reports an invalid LOGTO_ENDPOINT in one line', async () => {
    const { errors, exitCode } = await outcome(run('main', { env: { LOGTO_ENDPOINT: 'logto', PORT: '0' } }));
    expect(exitCode).toBe(1);
    expect(errors).toMatch(/^createLogtoAuth: `LOGTO_ENDPOINT` .+\n$/);
  });
});
