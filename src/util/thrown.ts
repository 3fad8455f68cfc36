import { types } from 'node:util';

/**
 * Whether the value is an Error, including one of another realm. jest runs the package in a sandbox with its own
 * Error, while Node throws errors from outside the sandbox.
 */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value) || value instanceof DOMException;
}

/**
 * Converts what a user's function threw to an Error. Express treats `undefined` and `'route'` as "continue", so a
 * value that is not an Error must never reach `next` unchanged.
 */
export function asError(thrown: unknown): Error {
  try {
    // Read the message too: on a Proxy, that may throw.
    if (isError(thrown) && typeof thrown.message === 'string') return thrown;
  } catch {
    // A value that cannot be read is not an Error either.
  }
  const error = new Error('A function given to express-logto-m2m threw something that is not an Error.', {
    cause: thrown,
  });
  return Object.assign(error, { status: 500 });
}
