import { variable } from '../util/environment.js';
import { closestOption } from '../util/spelling.js';
import { HELP } from './help.js';
import type { Io } from './io.js';
import { Output } from './output.js';
import { readPackageFile } from './package-file.js';
import { redact } from './redact.js';
import { ExitCode, UsageError } from './usage.js';
import { joinWords } from './words.js';

type Command = (args: readonly string[], io: Io, output: Output) => Promise<ExitCode>;

/** Each command is loaded on demand, so the other commands and the help texts start faster. */
const COMMANDS: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ['token', async () => (await import('./commands/token.js')).token],
  ['inspect', async () => (await import('./commands/inspect.js')).inspect],
  ['doctor', async () => (await import('./commands/doctor.js')).doctor],
  ['setup', async () => (await import('./commands/setup.js')).setup],
]);

/** Runs the command `logto-m2m`. @returns its exit code, when all output is written */
export async function main(args: readonly string[], io: Io): Promise<ExitCode> {
  const output = new Output(io);
  const code = await run(args, io, output).catch((error: unknown) => report(error, args, io, output));
  return output.close(code);
}

async function run([name, ...args]: readonly string[], io: Io, output: Output): Promise<ExitCode> {
  const print = (text: string) => {
    for (const line of text.split('\n')) output.result(line);
    return ExitCode.ok;
  };
  if (name === undefined)
    throw new UsageError(`the command is missing: pass ${joinWords([...COMMANDS.keys()], 'or')}.`);
  if (name === '--version') return print(version());
  if (name === '--help' || name === '-h') return print(HELP.all);
  if (name === 'help') return print(args[0] === undefined ? HELP.all : helpOn(args[0]));
  const load = loaderOf(name);
  if (args.includes('--help') || args.includes('-h')) return print(helpOn(name));
  const command = await load();
  return command(args, io, output);
}

function helpOn(name: string): string {
  loaderOf(name);
  return HELP[name as keyof typeof HELP];
}

/** @throws UsageError without the given name, which may be a secret */
function loaderOf(name: string): () => Promise<Command> {
  const load = COMMANDS.get(name);
  if (load !== undefined) return load;
  const meant = closestOption(name, [...COMMANDS.keys()]);
  const guess = meant === undefined ? '' : ` Did you mean ${meant}?`;
  throw new UsageError(`no such command: the commands are ${joinWords([...COMMANDS.keys()])}.${guess}`);
}

function report(error: unknown, args: readonly string[], { env }: Io, output: Output): ExitCode {
  const isUsage = error instanceof UsageError;
  const message = isUsage ? error.message : faultMessage(error, variable('LOGTO_APP_SECRET', env) ?? '');
  if (args.includes('--json')) {
    output.json({ error: { code: isUsage ? 'usage' : 'internal', message } });
  } else {
    output.say(`logto-m2m: ${message}`);
    if (isUsage) output.say('Run with --help for the options.');
  }
  return isUsage ? ExitCode.usage : ExitCode.internal;
}

/** Describes an unexpected error in one line. */
function faultMessage(error: unknown, secret: string): string {
  const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const shown = redact(said, secret);
  return `the command itself has failed, please report this: ${shown}`;
}

function version(): string {
  return (readPackageFile('package.json') as { version: string }).version;
}
