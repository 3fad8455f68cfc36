import { Readable } from 'node:stream';
import type { Io } from '../../src/cli/io.js';
import { main } from '../../src/cli/main.js';
import type { Outcome } from '../support/built-command.js';

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: Io['stdin'] | string;
  /** Whether the output goes to a terminal. */
  readonly isTTY?: boolean;
  /** Default: does not wait. */
  readonly pause?: Io['pause'];
}

/** Runs the command in this process, with streams and variables of its own. */
export async function logtoM2M(
  args: readonly string[],
  { env = {}, stdin = '', isTTY = false, pause = async () => {} }: CommandOptions = {},
): Promise<Outcome> {
  const [stdout, stderr] = [new Sink(isTTY), new Sink(isTTY)];
  const input = typeof stdin === 'string' ? Readable.from([Buffer.from(stdin)]) : stdin;
  const code = await main(args, { env, stdin: input, stdout, stderr, pause } as unknown as Io);
  return { code, stdout: stdout.text, stderr: stderr.text };
}

/** The members of an output stream that the command uses. */
class Sink {
  text = '';
  readonly columns = 80;

  constructor(readonly isTTY: boolean) {}

  on(): void {}

  write(text: string, done?: () => void): void {
    this.text += text;
    done?.();
  }
}
