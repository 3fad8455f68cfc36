#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { doctor } from './commands/doctor.js';
import { inspect } from './commands/inspect.js';
import { token } from './commands/token.js';
import { HELP } from './help.js';
import { Output } from './output.js';
import { ExitCode, UsageError } from './usage.js';

type Command = (args: readonly string[], output: Output) => Promise<ExitCode>;

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['token', token],
  ['inspect', inspect],
  ['doctor', doctor],
]);

// Who reads only the beginning, as `| head` does, is no failure.
process.stdout.on('error', () => process.exit());

const output = new Output(process);
process.exitCode = await run(process.argv.slice(2)).catch(report);

async function run([name, ...args]: readonly string[]): Promise<ExitCode> {
  if (name === undefined) throw new UsageError('say what to do: token, inspect or doctor.');
  if (name === '--version') return print(version());
  if (name === '--help' || name === '-h') return print(HELP.all);
  if (name === 'help') return print(helpOn(args[0] ?? 'all'));
  const command = COMMANDS.get(name);
  if (command === undefined) {
    throw new UsageError(`there is no command ${JSON.stringify(name)}; there are token, inspect and doctor.`);
  }
  if (args.includes('--help') || args.includes('-h')) return print(helpOn(name));
  return command(args, output);
}

function helpOn(name: string): string {
  return Object.hasOwn(HELP, name) ? HELP[name as keyof typeof HELP] : HELP.all;
}

function print(text: string): ExitCode {
  output.result(text);
  return ExitCode.well;
}

function report(error: unknown): ExitCode {
  if (!(error instanceof UsageError)) throw error;
  output.say(`logto-m2m: ${error.message}`);
  output.say('logto-m2m --help says more.');
  return ExitCode.usage;
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
