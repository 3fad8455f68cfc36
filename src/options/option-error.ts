import { cut, printable } from '../util/printable.js';

/** The function that has the options, for messages: `createLogtoAuth`, `requireScopes`. */
export type Owner = string;

/** The parts of an option error. The library and the command line each build their message from these parts. */
interface Fault {
  /** Sentences that name the option, the value received, and the value to pass. */
  readonly text: string;
  /** A remedy that is worded differently for the library and the command line. */
  readonly remedy: Remedy | undefined;
}

export type Remedy = 'allow http' | 'organization tokens';

const IN_LIBRARY: Readonly<Record<Remedy, string>> = {
  'allow http': 'In a network that you trust, set allowInsecureRequests: true.',
  'organization tokens':
    "For an organization's own tokens use requireOrganizationScopes(…, { organization }).",
};

/** Stored outside the errors, so that users get a plain TypeError. */
const faults = new WeakMap<object, Fault>();

/** Creates the error for an invalid option, with the message of the library. */
export function faultError(owner: Owner, text: string, remedy?: Remedy): TypeError {
  const advice = remedy === undefined ? '' : ` ${IN_LIBRARY[remedy]}`;
  const error = new TypeError(`${owner}: ${text}${advice}`);
  faults.set(error, { text, remedy });
  return error;
}

/**
 * Creates the error for an option whose value is not allowed.
 *
 * @param advice - further sentences
 */
export function optionError(
  owner: Owner,
  option: string,
  needed: string,
  received: unknown,
  advice = '',
): TypeError {
  return faultError(owner, `\`${option}\` must be ${needed}, not ${show(received)}.${advice}`);
}

/** Returns the parts of an option error; undefined for any other error. */
export function faultOf(error: unknown): Fault | undefined {
  return typeof error === 'object' && error !== null ? faults.get(error) : undefined;
}

/** Formats a received value for a message: short, quoted, and without the password of an address. */
export function show(value: unknown): string {
  if (typeof value === 'string') {
    return printable(JSON.stringify(cut(value.replace(/^([a-z][a-z\d+.-]*:\/\/)?.*@/is, '$1…@'))));
  }
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}
