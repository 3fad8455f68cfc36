import { emitWarning } from 'node:process';
import type { NextFunction } from 'express';

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
    emitWarning(
      `express-logto-m2m has refused a request, and next(error) threw: ${nameOf(thrown)}. This is told once.`,
    );
  }
}

/** Never more than its kind: the message of an error may hold what the caller sent. */
function nameOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.constructor.name : typeof thrown;
}
