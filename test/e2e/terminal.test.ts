import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { logtoM2M } from '../cli/command.js';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** `script` gives a program a terminal. */
const scriptIsMissing = spawnSync('script', ['--version']).error !== undefined;
const missing = scriptIsMissing ? ' (skipped: script is not installed)' : '';

describe.skipIf(scriptIsMissing)(`logto-m2m${missing}`, () => {
  it('shows colours on a terminal alone, and not there where NO_COLOR is set', async () => {
    const token = 'eyJhbGciOiJub25lIn0.e30.c2ln';
    const inTerminal = (env: Record<string, string>) =>
      spawnSync('script', ['-qec', `${process.execPath} ${main} inspect ${token}`, '/dev/null'], {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'], TERM: 'xterm', ...env },
      });
    const colours = '\u001b[1m';
    expect((await logtoM2M(['inspect', token])).stdout).not.toContain('\u001b');
    expect((await logtoM2M(['inspect', token], { env: { FORCE_COLOR: '1' } })).stdout).not.toContain(
      '\u001b',
    );
    expect(inTerminal({}).stdout).toContain(colours);
    expect(inTerminal({ NO_COLOR: '1' }).stdout).not.toContain('\u001b');
  });
});
