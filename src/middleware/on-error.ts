import type { NextFunction, Response } from 'express';
import type { AuthError } from '../errors.js';
import type { GuardedRequest, LogtoAuthOptions } from '../options/logto-auth-options.js';
import { own } from '../util/own.js';
import { asError } from '../util/thrown.js';
import { passOn } from './pass-on.js';

/** A refused request with its prepared response. */
interface RefusedRequest {
  readonly error: AuthError;
  readonly req: GuardedRequest;
  readonly res: Response;
  readonly next: NextFunction;
  /** Restores the status and headers of the response. */
  readonly restore: () => void;
}

/**
 * Lets `onError` send the response. The request stays refused whatever `onError` does: calling its `next` always
 * results in an error, once, since Express treats `next()`, `next('route')` and `next('router')` as "continue".
 */
export function respondWithOnError(
  onError: NonNullable<LogtoAuthOptions['onError']>,
  { error, req, res, next, restore }: RefusedRequest,
): void {
  let hasFailed = false;
  let onward: NextFunction | undefined;
  const refusal = (reason: unknown): Error =>
    !reason || reason === 'route' || reason === 'router' ? error : asError(reason);
  const fail = (reason?: unknown): void => {
    if (hasFailed) return;
    hasFailed = true;
    if (onward !== undefined) setNext(req, onward);
    passOn(refusal(reason), next);
    // Anything that `onError` does later can only result in another error.
    const later = nextOf(req);
    if (later !== undefined) setNext(req, ((again?: unknown) => later(refusal(again))) as NextFunction);
  };
  /** An exception in `onError` is not the fault of the caller, so the response must not keep the refusal's status. */
  const failByItself = (thrown: unknown): void => {
    if (!hasFailed && refusal(thrown) !== error) {
      try {
        restore();
      } catch {
        // The response cannot be changed any more.
      }
    }
    fail(thrown);
  };
  try {
    onward = own(req, 'next');
    // Express itself calls `req.next`, for example when the path passed to res.sendFile is a directory.
    if (onward !== undefined && !setNext(req, fail as NextFunction)) {
      fail();
      return;
    }
    const returned: unknown = onError(error, req, res, fail as NextFunction);
    Promise.resolve(returned).catch(failByItself);
  } catch (thrown) {
    failByItself(thrown);
  }
}

/** The `next` that Express sets on the request. Undefined if it is missing, or if reading it throws. */
function nextOf(req: GuardedRequest): NextFunction | undefined {
  try {
    return own(req, 'next');
  } catch {
    return undefined;
  }
}

/** @returns false if it cannot be set: the request may be frozen */
function setNext(req: GuardedRequest, next: NextFunction): boolean {
  try {
    return Reflect.set(req, 'next', next);
  } catch {
    return false;
  }
}
