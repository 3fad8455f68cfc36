import { emitWarning } from 'node:process';
import type { NextFunction } from 'express';
import { isError } from '../errors.js';

let hasWarned = false;

/**
 * Ends a request by `next(error)`. What `next` throws goes no further: any caller can be refused, and after a wait
 * nobody would catch it, so that it would end the process.
 */
export function passOn(error: Error, next: NextFunction): void {
  try {
    next(error);
  } catch (thrown) {
    if (hasWarned) return;
    hasWarned = true;
    // Not with the message of what was thrown, which may hold what the caller sent.
    const kind = isError(thrown) ? 'an Error' : `a value of type ${typeof thrown}`;
    emitWarning(
      `express-logto-m2m refused a request, and next(error) threw ${kind}. Further cases are not reported.`,
    );
  }
}
