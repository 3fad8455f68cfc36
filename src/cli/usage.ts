import { type ParseArgsConfig, parseArgs } from 'node:util';
import { own } from '../util/own.js';

/** The exit codes of the command. */
export enum ExitCode {
  ok = 0,
  finding = 1,
  usage = 2,
  /** `setup --plan`: the tenant lacks something. */
  changesNeeded = 3,
  /** The command itself failed: EX_SOFTWARE of sysexits.h. */
  internal = 70,
}

/** The arguments are wrong, or something that the command needs is not set. */
export class UsageError extends Error {}

/** The options of every command. */
export const COMMON_OPTIONS = {
  endpoint: { type: 'string' },
  resource: { type: 'string' },
  organization: { type: 'string' },
  scope: { type: 'string', multiple: true },
  'allow-insecure-requests': { type: 'boolean' },
  json: { type: 'boolean' },
} as const satisfies ParseArgsConfig['options'];

/**
 * Reads the arguments of one command.
 *
 * @throws UsageError without the given values, which may be secrets
 */
export function parseArguments<const Config extends ParseArgsConfig>(
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  if (own(config, 'args')?.some((arg) => /^--[\w-]*secret/i.test(arg))) {
    throw new UsageError(
      "the app's secret must not be an argument, since every user of this machine can read arguments: set LOGTO_APP_SECRET.",
    );
  }
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError(usageMessage(error));
  }
}

function usageMessage(error: unknown): string {
  const { message } = error as Error;
  if (own(error, 'code') === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL') return 'too many arguments.';
  const [sentence = message] = message.split(/\. |\n/);
  return `${sentence.charAt(0).toLowerCase()}${sentence.slice(1).replace(/\.$/, '')}.`;
}
