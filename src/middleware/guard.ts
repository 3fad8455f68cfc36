import type { NextFunction, Request, Response } from 'express';
import { type ChallengeContext, toAuthError } from '../challenge.js';
import { publishAuthorized, publishDenied } from '../diagnostics.js';
import type { GuardedRequest, LogtoAuthOptions } from '../options/logto-auth-options.js';
import { Refusal } from '../refusal.js';
import { isB64Token } from '../util/b64token.js';
import { bare } from '../util/own.js';
import { abandon, isPromiseLike } from '../util/promises.js';
import { asError } from '../util/thrown.js';
import { Accepted, type Decide, type Decision } from '../verification/decide.js';
import type { Requirement } from '../verification/requirement.js';
import { notOneToken, readBearerToken } from './bearer-token.js';
import { respondWithOnError } from './on-error.js';
import { passOn } from './pass-on.js';
import { clearAuth, setAuth } from './request-auth.js';
import { noteState, prepare, send } from './response.js';

/**
 * A middleware that passes a request on or sends the response. It is generic, so that the types of the handlers after
 * it do not change.
 */
export type Guard = <P, ResBody, ReqBody, ReqQuery>(
  req: Request<P, ResBody, ReqBody, ReqQuery>,
  res: Response<ResBody>,
  next: NextFunction,
) => void;

/** The parts of one guard. */
export interface GuardParts {
  /** The name of the function that created the guard, for stack traces. */
  readonly maker: string;
  readonly decide: Decide<GuardedRequest>;
  readonly requirement: Requirement<GuardedRequest>;
  readonly challenge: ChallengeContext;
  readonly getToken: LogtoAuthOptions['getToken'];
  readonly onError: LogtoAuthOptions['onError'];
}

/** Creates a guard. It reads the token, decides, and then calls the handler or sends the refusal. */
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
    // Credentials that are not a JWT may not be a token at all. Checked late, so that valid tokens are scanned once.
    const isMalformed =
      decision instanceof Refusal &&
      decision.reason === 'not_jwt' &&
      getToken === undefined &&
      !isB64Token(credentials);
    return isMalformed ? notOneToken() : decision;
  }

  function conclude(decision: Decision, req: GuardedRequest, res: Response, next: NextFunction): void {
    // The test is for Accepted and not for Refusal, so that only an accepted request reaches the handler.
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
    publishAuthorized(decision.token, decision.cached, req);
    next();
  }

  function deny(refusal: Refusal, req: GuardedRequest, res: Response, next: NextFunction): void {
    const error = toAuthError(refusal, challenge);
    clearAuth(req);
    publishDenied(error, req);
    if (onError !== undefined) {
      const restore = noteState(error, res);
      prepare(error, res);
      respondWithOnError(onError, { error, req, res, next, restore });
    } else if (!prepare(error, res) || !send(error, res)) {
      passOn(error, next);
    }
  }

  return Object.defineProperty(guard, 'name', bare({ value: `${maker}Middleware` })) as Guard;
}

/** Passes on the exception of a user's function, or the reason why `req.auth` cannot be set. */
function fail(thrown: unknown, req: GuardedRequest, next: NextFunction): void {
  clearAuth(req);
  passOn(asError(thrown), next);
}

/** Checks the return value of `getToken`. */
function readGivenToken(token: unknown): string | Refusal {
  if (token === undefined || token === '') return new Refusal('no_token', 'getToken returned no token.');
  if (typeof token === 'string') return token;
  abandon(token);
  throw new TypeError(
    `getToken must return a string or undefined at once, not ${token === null ? 'null' : typeof token}.`,
  );
}
