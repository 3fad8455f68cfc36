import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';

// Each run is a process of its own, and some tests are of several.
vi.setConfig({ testTimeout: 30_000 });

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface CommandOptions {
  readonly env?: Record<string, string | undefined>;
  readonly stdin?: string;
  /** How far the clock of the machine on which it runs is ahead, in seconds. */
  readonly clockAhead?: number;
  /** Code that runs in its process before it. */
  readonly before?: string;
  /** The folder in which it runs. */
  readonly cwd?: string;
  /** Where its output goes, in the words of a shell, as `| head` or `> file`. */
  readonly shell?: string;
}

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command, as a user would, in a process and with an environment of its own. */
export async function logtoM2M(
  args: readonly string[],
  { env = {}, stdin = '', clockAhead, before, cwd, shell }: CommandOptions = {},
): Promise<Outcome> {
  const preloads = [clockAhead === undefined ? undefined : otherClock(clockAhead), before];
  const node = preloads.flatMap((code) => (code === undefined ? [] : ['--import', moduleOf(code)]));
  const command = [process.execPath, ...node, main, ...args];
  const [program = '', ...rest] =
    shell === undefined
      ? command
      : ['bash', '--norc', '-c', `set -o pipefail; "$0" "$@" ${shell}`, ...command];
  const child = spawn(program, rest, {
    ...(cwd !== undefined && { cwd }),
    env: { PATH: process.env['PATH'], ...env },
  });
  // Who does not read its stdin is no failure.
  child.stdin.on('error', () => {});
  child.stdin.end(stdin);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, stdout, stderr };
}

/** Sets the clock of a process, before anything else runs in it. */
function otherClock(seconds: number): string {
  return `const Real = Date, ahead = ${seconds * 1000};
    globalThis.Date = class extends Real {
      constructor(...args) { args.length === 0 ? super(Real.now() + ahead) : super(...args); }
      static now() { return Real.now() + ahead; }
    };`;
}

function moduleOf(code: string): string {
  return `data:text/javascript,${encodeURIComponent(code)}`;
}
