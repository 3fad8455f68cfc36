import { type Bare, bare, member } from '../util/own.js';

/** The members of a RequestInit in the Fetch standard (section 5.4), and those that undici adds. */
const MEMBERS = [
  'method',
  'headers',
  'body',
  'mode',
  'credentials',
  'cache',
  'redirect',
  'referrer',
  'referrerPolicy',
  'integrity',
  'keepalive',
  'signal',
  'duplex',
  'priority',
  'dispatcher',
] as const;

/**
 * Copies the init to a plain object, to be sent with other headers. Reads members by name, as `fetch` does: a spread
 * would lose the members that a Request or another class inherits.
 */
export function copyInit(init: RequestInit | Request): Bare<RequestInit> {
  // Members that only a custom `fetch` supports.
  const copy = Object.entries(init).filter(([, value]) => value !== undefined);
  for (const name of MEMBERS) {
    const value = member(init, name);
    if (value !== undefined) copy.push([name, value]);
  }
  return bare(Object.fromEntries(copy));
}
