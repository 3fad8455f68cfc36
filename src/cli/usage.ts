import { type ParseArgsConfig, parseArgs } from 'node:util';
import { own } from '../checks/own.js';

/** How the command ends. */
export enum ExitCode {
  well = 0,
  finding = 1,
  usage = 2,
  /** `setup --plan`: something is to be made. */
  todo = 3,
  /** The command itself has failed: EX_SOFTWARE of sysexits.h. */
  fault = 70,
}

/** The command was called in a way that it does not understand, or without something that it needs. */
export class UsageError extends Error {}

/** What every command understands. */
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
 * @throws UsageError that repeats no value, since it may be a secret
 */
export function readArguments<const Config extends ParseArgsConfig>(
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  if (own(config, 'args')?.some((arg) => /^--[\w-]*secret/i.test(arg))) {
    throw new UsageError(
      "the app's secret is no argument, for every user of this machine can read those: set LOGTO_APP_SECRET.",
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
