import { own } from './own.js';

/** How to set a variable in time. */
export const SET_IN_TIME =
  "Set it before this runs: start with `node --env-file=.env`, or put `import 'dotenv/config'` (in CommonJS `require('dotenv/config')`) first.";

/** Reads an environment variable as an own member, since `process.env` has a prototype. */
export function variable(name: string, env = process.env): string | undefined {
  return own(env, name);
}

/** Splits values separated by commas. Returns undefined if there are none: an empty variable counts as not set. */
export function splitList(value: string | undefined): readonly string[] | undefined {
  const values = (value ?? '').split(',').map((item) => item.trim());
  const some = values.filter((item) => item !== '');
  return some.length > 0 ? some : undefined;
}
