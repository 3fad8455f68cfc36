import type { NextFunction, Response } from 'express';
import { isB64Token } from '../checks/b64token.js';
import { bare, own } from '../checks/own.js';
import { tellAuthorized, tellDenied } from '../diagnostics.js';
import { type AuthError, asError, Refusal } from '../errors.js';
import type { GuardedRequest, LogtoAuthOptions } from '../options.js';
import { abandon, isPromiseLike } from '../promises.js';
import { Accepted, type Decide, type Decision } from '../verification/decide.js';
import type { Requirement } from '../verification/requirement.js';
import { answer, type ChallengeContext, toAuthError, withdraw } from './answer.js';
import { notOneToken, readBearerToken } from './bearer-token.js';
import type { Guard } from './guard.js';
import { clearAuth, setAuth } from './request-auth.js';

/** What one guard was made of. */
export interface GuardParts {
  /** For stack traces: the name of the function that made the guard. */
  readonly maker: string;
  readonly decide: Decide<GuardedRequest>;
  readonly requirement: Requirement<GuardedRequest>;
  readonly challenge: ChallengeContext;
  readonly getToken: LogtoAuthOptions['getToken'];
  readonly onError: LogtoAuthOptions['onError'];
}

/** The way of one request: its token in, a decision out, then the handler or the answer. */
export function createGuard({ maker, decide, requirement, challenge, getToken, onError }: GuardParts): Guard {
  function guard(req: GuardedRequest, res: Response, next: NextFunction): void {
    let decision: Decision | PromiseLike<Decision>;
    try {
      const credentials = getToken === undefined ? readBearerToken(req) : readGivenToken(getToken(req));
      decision = credentials instanceof Refusal ? credentials : decideOn(credentials, req);
    } catch (thrown) {
      fail(thrown, req, next);
      return;
    }
    if (isPromiseLike(decision)) {
      decision.then(
        (late) => conclude(late, req, res, next),
        (thrown) => fail(thrown, req, next),
      );
    } else {
      conclude(decision, req, res, next);
    }
  }

  function decideOn(credentials: string, req: GuardedRequest): Decision | PromiseLike<Decision> {
    const decision = decide(credentials, requirement, req);
    // What is no JWT may be no token at all. Asked only now, so that good tokens are not looked at twice.
    const isMalformed =
      decision instanceof Refusal &&
      decision.reason === 'not_jwt' &&
      getToken === undefined &&
      !isB64Token(credentials);
    return isMalformed ? notOneToken() : decision;
  }

  function conclude(decision: Decision, req: GuardedRequest, res: Response, next: NextFunction): void {
    // This way round: only what was accepted reaches the handler.
    if (!(decision instanceof Accepted)) {
      deny(decision, req, res, next);
      return;
    }
    try {
      setAuth(req, decision.token);
    } catch (thrown) {
      // Another middleware has sealed the request, or made req.auth read-only.
      fail(thrown, req, next);
      return;
    }
    tellAuthorized(decision.token, decision.cached, req);
    next();
  }

  function deny(refusal: Refusal, req: GuardedRequest, res: Response, next: NextFunction): void {
    const error = toAuthError(refusal, challenge);
    clearAuth(req);
    tellDenied(error, req);
    if (onError !== undefined) {
      answerByUser(onError, error, req, res, next);
    } else if (res.headersSent) {
      // Somebody answered already: all that is left is to keep the handler from running.
      next(error);
    } else {
      // Where somebody has wrapped the response it may throw, and after a wait nobody else would catch that.
      try {
        answer(error, res);
      } catch (thrown) {
        withdraw(res);
        next(asError(thrown));
      }
    }
  }

  return Object.defineProperty(guard, 'name', bare({ value: `${maker}Middleware` })) as Guard;
}

/** Passes on what a user's function threw, or why `req.auth` cannot be set. */
function fail(thrown: unknown, req: GuardedRequest, next: NextFunction): void {
  clearAuth(req);
  next(asError(thrown));
}

/** What `getToken` answered. */
function readGivenToken(token: unknown): string | Refusal {
  if (token === undefined || token === '') return new Refusal('no_token', 'getToken found no token.');
  if (typeof token === 'string') return token;
  abandon(token);
  throw new TypeError(
    `getToken must answer a string or undefined at once, not ${token === null ? 'null' : typeof token}.`,
  );
}

/**
 * Lets `onError` answer. Whatever it does, the request is refused: its `next` can only fail, and only once, for
 * Express takes `next()`, `next('route')` and `next('router')` for "go on".
 */
function answerByUser(
  onError: NonNullable<LogtoAuthOptions['onError']>,
  error: AuthError,
  req: GuardedRequest,
  res: Response,
  next: NextFunction,
): void {
  let failed = false;
  const onward = own(req, 'next');
  const refusal = (reason: unknown): Error =>
    !reason || reason === 'route' || reason === 'router' ? error : asError(reason);
  const fail = (reason?: unknown): void => {
    if (failed) return;
    failed = true;
    if (onward !== undefined) req.next = onward;
    next(refusal(reason));
    // What `onError` still does may end in another error, and in nothing else.
    const later = own(req, 'next');
    if (later !== undefined) req.next = ((again?: unknown) => later(refusal(again))) as NextFunction;
  };
  try {
    // Express's own functions go on by this one, as res.sendFile does where the path is a directory.
    if (onward !== undefined) req.next = fail as NextFunction;
    const answered: unknown = onError(error, req, res, fail as NextFunction);
    Promise.resolve(answered).catch(fail);
  } catch (thrown) {
    fail(thrown);
  }
}
