import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runBuilt } from '../support/built-command.js';
import { API, TokenIssuer } from '../support/client.js';
import { encodePart } from '../support/signing.js';

const main = fileURLToPath(new URL('../../dist/cli/bin.js', import.meta.url));

const lacks = (program: string): boolean => spawnSync(program, ['--version']).error !== undefined;
/** `bash` reports the exit code of the first program in a pipe; `script` runs a program in a terminal. */
const missing = ['bash', 'script'].filter(lacks);
const suite =
  missing.length === 0 ? 'logto-m2m' : `logto-m2m (skipped: ${missing.join(' and ')} not installed)`;

let logto: TokenIssuer;

beforeAll(async () => {
  logto = await TokenIssuer.start();
});
afterAll(() => logto.stop());

const unsigned = (claims: object) =>
  `${encodePart({ alg: 'ES384', typ: 'at+jwt' })}.${encodePart(claims)}.c2ln`;
const configured = () => {
  const { id, secret } = logto.app();
  return {
    LOGTO_ENDPOINT: logto.endpoint,
    LOGTO_AUDIENCE: API,
    LOGTO_APP_ID: id,
    LOGTO_APP_SECRET: secret,
  };
};

describe.skipIf(missing.length > 0)(suite, () => {
  it('prints colours only on a terminal without NO_COLOR', async () => {
    const token = 'eyJhbGciOiJub25lIn0.e30.c2ln';
    const inTerminal = (env: Record<string, string>) =>
      spawnSync('script', ['-qec', `${process.execPath} ${main} inspect ${token}`, '/dev/null'], {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'], TERM: 'xterm', ...env },
      });
    const colours = '\u001b[1m';
    expect((await runBuilt(['inspect', token])).stdout).not.toContain('\u001b');
    expect((await runBuilt(['inspect', token], { env: { FORCE_COLOR: '1' } })).stdout).not.toContain(
      '\u001b',
    );
    expect(inTerminal({}).stdout).toContain(colours);
    expect(inTerminal({ NO_COLOR: '1' }).stdout).not.toContain('\u001b');
  });

  it('prints no error if the reader closes the pipe early', () => {
    const { stdout, stderr } = spawnSync('sh', ['-c', `"${process.execPath}" "${main}" --help | head -n 1`], {
      encoding: 'utf8',
    });
    expect(stdout.split('\n')).toHaveLength(2);
    expect(stderr).toBe('');
  });
});

describe.skipIf(missing.length > 0)(`the output of ${suite}`, () => {
  it('does not change the exit code if nobody reads it', async () => {
    const bad = await runBuilt(['doctor'], {
      env: { LOGTO_ENDPOINT: 'http://127.0.0.1:1' },
      shell: '| true',
    });
    expect(bad).toMatchObject({ code: 1, stderr: '' });
    const good = await runBuilt(['doctor'], { env: configured(), shell: '2>&1 | true' });
    expect(good.code).toBe(0);
  });

  it.skipIf(!existsSync('/dev/full')).each([
    ['the token', ['token'], '> /dev/full', /^logto-m2m: the output could not be written: .*ENOSPC/],
    ['a warning', ['token', '--scope', 'nosuch'], '2> /dev/full', /^$/],
  ])('makes the command exit with 1 if %s cannot be written', async (_what, args, shell, said) => {
    const { code, stderr } = await runBuilt(args, { env: configured(), shell });
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(said) });
  });

  it('is complete even for a slow reader', async () => {
    const long = unsigned({ list: Array.from({ length: 900 }, (_, i) => `claim ${i}`) });
    const whole = await runBuilt(['inspect', '--json', long]);
    const slow = await runBuilt(['inspect', '--json', long], { shell: '| (sleep 1; cat)' });
    expect(slow.stdout).toBe(whole.stdout);
    expect(JSON.parse(slow.stdout).claims.list).toHaveLength(900);
  });
});
