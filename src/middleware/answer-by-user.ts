import type { NextFunction, Response } from 'express';
import { own } from '../checks/own.js';
import { type AuthError, asError } from '../errors.js';
import type { GuardedRequest, LogtoAuthOptions } from '../options.js';
import { passOn } from './pass-on.js';

/** A request that is refused, with its response prepared. */
interface RefusedRequest {
  readonly error: AuthError;
  readonly req: GuardedRequest;
  readonly res: Response;
  readonly next: NextFunction;
  /** Puts status and headers of the response back. */
  readonly restore: () => void;
}

/**
 * Lets `onError` answer. Whatever it does, the request is refused: its `next` can only fail, and only once, for
 * Express takes `next()`, `next('route')` and `next('router')` for "go on".
 */
export function answerByUser(
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
    // What `onError` still does may end in another error, and in nothing else.
    const later = nextOf(req);
    if (later !== undefined) setNext(req, ((again?: unknown) => later(refusal(again))) as NextFunction);
  };
  /** A fault of `onError` is not the caller's, so it is not answered with the status of the refusal. */
  const failByItself = (thrown: unknown): void => {
    if (!hasFailed && refusal(thrown) !== error) {
      try {
        restore();
      } catch {
        // Then the response cannot be changed any more.
      }
    }
    fail(thrown);
  };
  try {
    onward = own(req, 'next');
    // Express's own functions go on by this one, as res.sendFile does where the path is a directory.
    if (onward !== undefined && !setNext(req, fail as NextFunction)) {
      fail();
      return;
    }
    const answered: unknown = onError(error, req, res, fail as NextFunction);
    Promise.resolve(answered).catch(failByItself);
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

/** @returns whether it could be set: the request may be frozen */
function setNext(req: GuardedRequest, next: NextFunction): boolean {
  try {
    return Reflect.set(req, 'next', next);
  } catch {
    return false;
  }
}
