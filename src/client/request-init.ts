import { type Bare, bare, member } from '../checks/own.js';

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
 * A plain copy, so that it can be sent with other headers. Members are read by their names, as `fetch` itself reads
 * them: those of a Request or of a class are not its own, and a spread would lose them.
 */
export function copyInit(init: RequestInit | Request): Bare<RequestInit> {
  // What a `fetch` of the user's may know besides.
  const copy = Object.entries(init).filter(([, value]) => value !== undefined);
  for (const name of MEMBERS) {
    const value = member(init, name);
    if (value !== undefined) copy.push([name, value]);
  }
  return bare(Object.fromEntries(copy));
}
