import { own } from './own.js';

/** How a variable is had in time. */
export const SET_IN_TIME =
  "Have it set before this runs: start with `node --env-file=.env`, or put `import 'dotenv/config'` (in CommonJS `require('dotenv/config')`) first.";

/** A variable of the environment, read as an own member: `process.env` has a prototype, too. */
export function variable(name: string, env = process.env): string | undefined {
  return own(env, name);
}

/** A variable that may hold several values, with commas between them. One that is empty is not set. */
export function fromEnvironment(value: string | undefined): readonly string[] | undefined {
  const values = (value ?? '').split(',').map((item) => item.trim());
  const some = values.filter((item) => item !== '');
  return some.length > 0 ? some : undefined;
}
