import { emitWarning } from 'node:process';
import type { NextFunction } from 'express';
import { isError } from '../util/thrown.js';

let hasWarned = false;

/**
 * Ends a request with `next(error)`, and catches what `next` throws. Any caller can cause a refusal, and after a wait
 * the exception would be uncaught and end the process.
 */
export function passOn(error: Error, next: NextFunction): void {
  try {
    next(error);
  } catch (thrown) {
    if (hasWarned) return;
    hasWarned = true;
    // The message of the thrown value is omitted, since it may contain data that the caller sent.
    const kind = isError(thrown) ? 'an Error' : `a value of type ${typeof thrown}`;
    emitWarning(`express-logto-m2m called next(error), which threw ${kind}. Further cases are not reported.`);
  }
}
