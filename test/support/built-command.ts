import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../dist/cli/bin.js', import.meta.url));

export interface BuiltCommandOptions {
  readonly env?: Record<string, string | undefined>;
  readonly stdin?: string;
  /** How far the clock of its process is ahead, in seconds. */
  readonly clockAhead?: number;
  /** The folder in which it runs. */
  readonly cwd?: string;
  /** The target of its output in shell syntax, such as `| head` or `> file`. */
  readonly shell?: string;
}

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command in a process with this environment, as a user does. */
export async function runBuilt(
  args: readonly string[],
  { env = {}, stdin = '', clockAhead, cwd, shell }: BuiltCommandOptions = {},
): Promise<Outcome> {
  const node = clockAhead === undefined ? [] : ['--import', otherClock(clockAhead)];
  const command = [process.execPath, ...node, main, ...args];
  const [program = '', ...rest] =
    shell === undefined
      ? command
      : ['bash', '--norc', '-c', `set -o pipefail; "$0" "$@" ${shell}`, ...command];
  const child = spawn(program, rest, {
    ...(cwd !== undefined && { cwd }),
    env: { PATH: process.env['PATH'], ...env },
  });
  // The command may exit without reading its stdin.
  child.stdin.on('error', () => {});
  child.stdin.end(stdin);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, stdout, stderr };
}

/** A module that moves the clock of its process. */
function otherClock(seconds: number): string {
  const code = `const Real = Date, ahead = ${seconds * 1000};
    globalThis.Date = class extends Real {
      constructor(...args) { args.length === 0 ? super(Real.now() + ahead) : super(...args); }
      static now() { return Real.now() + ahead; }
    };`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}
