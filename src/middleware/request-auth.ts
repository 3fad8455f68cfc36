import { type AccessToken, isOfAnotherCopy } from '../access-token.js';
import { own } from '../checks/own.js';
import { requestMarks } from './marks.js';

declare global {
  namespace Express {
    interface Request {
      /** The verified access token, set by the guards of express-logto-m2m. */
      auth?: AccessToken;
    }
  }
}

/** What a guard verified for each request, where no other code can write. */
const verified = requestMarks<AccessToken>();

/**
 * Notes what was verified for this request: as `req.auth`, and for `getAuth`.
 *
 * @throws TypeError where another middleware has made `req.auth` something that cannot be changed
 */
export function setAuth(req: Express.Request, token: AccessToken): void {
  req.auth = token;
  verified.set(req, token);
}

/** A guard refuses this request, or cannot decide: what an earlier one has verified must not be taken for its answer. */
export function clearAuth(req: Express.Request): void {
  if (typeof req !== 'object' || req === null) return;
  verified.delete(req);
  try {
    // By Reflect, which tells where another middleware has sealed the request, and does not throw.
    if (!Reflect.deleteProperty(req, 'auth')) Reflect.set(req, 'auth', undefined);
  } catch {
    // A Proxy that throws: what it shows is its own, and getAuth throws already.
  }
}

/**
 * The access token that a guard verified for this request. It is not read from `req.auth`, which any
 * middleware can assign.
 *
 * @throws TypeError where no guard of this copy of the package has let this request through: a route without one, a
 * handler before it, or a guard of another copy
 */
export function getAuth(req: object): AccessToken {
  const token = verified.get(req);
  if (token !== undefined) return token;
  throw new TypeError(
    isOfAnotherCopy(own(req, 'auth'))
      ? 'getAuth(req): another copy of express-logto-m2m has verified req.auth, and this copy cannot vouch for it. ' +
          'Import guards and getAuth from one copy: `npm ls express-logto-m2m` lists them.'
      : 'getAuth(req): no guard has run for this request. Mount requireScopes(…) before the handler.',
  );
}
