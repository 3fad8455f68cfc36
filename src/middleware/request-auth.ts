import { type AccessToken, isOfAnotherCopy } from '../access-token.js';
import { own } from '../util/own.js';
import { requestMarks } from './marks.js';

declare global {
  namespace Express {
    interface Request {
      /** The verified access token, set by the guards of express-logto-m2m. */
      auth?: AccessToken;
    }
  }
}

/** The token that a guard verified for each request. No other code can write it. */
const verified = requestMarks<AccessToken>();

/**
 * Stores the verified token of a request, as `req.auth` and for `getAuth`.
 *
 * @throws TypeError if another middleware has made `req.auth` unchangeable
 */
export function setAuth(req: Express.Request, token: AccessToken): void {
  req.auth = token;
  verified.set(req, token);
}

/**
 * Removes the token that an earlier guard verified. Called when a guard refuses the request or cannot decide, so that
 * the token is not mistaken for its result.
 */
export function clearAuth(req: Express.Request): void {
  try {
    verified.delete(req);
    // Reflect returns false and does not throw if another middleware has sealed the request.
    if (!Reflect.deleteProperty(req, 'auth')) Reflect.set(req, 'auth', undefined);
  } catch {
    // `req` is not an object; or it is a Proxy that throws, which controls its own `auth`. getAuth throws already.
  }
}

/**
 * The access token that a guard verified for this request. It is not read from `req.auth`, which any middleware can
 * assign.
 *
 * @throws TypeError if no guard of this copy of the package accepted this request: the route has no guard, the
 * handler runs before it, the guard refused the request, or it belongs to another copy
 */
export function getAuth(req: object): AccessToken {
  const token = verified.get(req);
  if (token !== undefined) return token;
  throw new TypeError(
    isOfAnotherCopy(own(req, 'auth'))
      ? 'getAuth(req): another copy of express-logto-m2m has set req.auth, and this copy cannot confirm it. ' +
          'Import guards and getAuth from one copy: `npm ls express-logto-m2m` lists them.'
      : 'getAuth(req): no guard has accepted this request. Mount requireScopes(…) before this handler.',
  );
}
