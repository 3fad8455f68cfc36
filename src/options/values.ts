import type { KeyValueStore } from '../util/key-value-store.js';
import { type Bare, bare, own } from '../util/own.js';
import { closestOption } from '../util/spelling.js';
import { faultError, type Owner, optionError } from './option-error.js';

// Each check throws a TypeError that names the option, the value received, and the value to pass.

/** Returns the default if the option is absent. Null is not absent: it is checked and refused like any other value. */
export function withDefault<T, D>(value: T | undefined, otherwise: D): T | D {
  return value === undefined ? otherwise : value;
}

/** The names of all options of a type. A name that is missing does not compile. */
export type OptionNames<T> = Readonly<Record<keyof T, true>>;

/**
 * Checks that the value is an object of options, all with known names.
 *
 * @param within - the prefix of nested options, such as `jwksCache.`
 * @returns the object's own options, without a prototype
 * @throws TypeError also for an inherited option, since it would be ignored
 */
export function checkNames<T extends object>(
  owner: Owner,
  options: T | undefined,
  names: OptionNames<T>,
  within = '',
): Bare<T> {
  const known = Object.keys(names);
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw optionError(owner, within.slice(0, -1) || 'options', 'an object', options);
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const meant = closestOption(name, known) ?? partOf(name, known);
    const help =
      meant === undefined ? `Known are ${known.join(', ')}.` : `Did you mean \`${within}${meant}\`?`;
    throw faultError(owner, `unknown option \`${within}${name}\`. ${help}`);
  }
  for (const name of known) {
    if (Object.hasOwn(options, name)) continue;
    // A member of Object.prototype is not an option.
    const inherited: unknown = Reflect.get(options, name);
    if (inherited === undefined || inherited === Reflect.get(Object.prototype, name)) continue;
    throw faultError(
      owner,
      `the option \`${within}${name}\` is inherited, and only an object's own members are read. ` +
        `Pass a plain object with it.`,
    );
  }
  // By name, since an option may be non-enumerable.
  const given = known.filter((name) => Object.hasOwn(options, name));
  return bare(Object.fromEntries(given.map((name) => [name, own(options as unknown, name)]))) as Bare<T>;
}

export function checkBoolean(owner: Owner, option: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw optionError(owner, option, 'true or false', value);
  return value;
}

export function checkText(owner: Owner, option: string, value: unknown): string {
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw optionError(owner, option, 'a string that is not empty', value);
}

// biome-ignore lint/complexity/noBannedTypes: the caller knows which kind of function it is
export function checkFunction<F extends Function>(owner: Owner, option: string, value: F): F {
  if (typeof value !== 'function') throw optionError(owner, option, 'a function', value);
  return value;
}

/** In seconds. */
export const YEAR = 365 * 86_400;

/** Checks for an integer from 1 to 10 000 000. */
export function checkCount(owner: Owner, option: string, value: unknown): number {
  const most = 10_000_000;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > most) {
    throw optionError(owner, option, `a whole number from 1 to ${most}`, value);
  }
  return value;
}

/** Checks for a duration in seconds, with or without a fraction. */
export function checkSeconds(
  owner: Owner,
  option: string,
  value: unknown,
  { min, max }: { min: 'zero' | 'above zero'; max: number },
): number {
  const tooSmall = min === 'zero' ? 0 : Number.MIN_VALUE;
  if (typeof value !== 'number' || !(value >= tooSmall && value <= max)) {
    const range = min === 'zero' ? `from 0 to ${max}` : `above 0 and at most ${max}`;
    throw optionError(owner, option, `a duration in seconds (not milliseconds), ${range}`, value);
  }
  return value;
}

/** Checks for one string or a list of strings, none of them empty. */
export function checkStrings(owner: Owner, option: string, value: unknown, what: string): string[] {
  // A copy, since `map` would skip the holes of a sparse list.
  const list: unknown[] = Array.isArray(value) ? Array.from(value) : [value];
  if (list.length === 0) throw optionError(owner, option, `${what}, or a list of them`, value);
  return list.map((item) => {
    if (typeof item !== 'string' || item.trim() === '')
      throw optionError(owner, option, `${what}, or a list of them`, item);
    return item;
  });
}

/** @throws TypeError if the value lacks the methods of a store */
export function checkStore(owner: Owner, option: string, store: KeyValueStore): KeyValueStore {
  if (typeof store?.get === 'function' && typeof store.set === 'function') return store;
  throw optionError(owner, option, 'a store with get and set, such as a Keyv', store);
}

/** Finds the known name that contains this one: `maxPending` for `max`. */
function partOf(name: string, known: readonly string[]): string | undefined {
  return known.find((candidate) => candidate.toLowerCase().includes(name.toLowerCase()));
}
