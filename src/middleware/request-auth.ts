import type { AccessToken } from '../access-token.js';

declare global {
  namespace Express {
    interface Request {
      /** The verified access token, set by the guards of express-logto-m2m. */
      auth?: AccessToken;
    }
  }
}

/** Lets a subclass put its private field on an object that exists already. */
class Given {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: this is how a private field comes onto a foreign object
    return object;
  }
}

/**
 * What a guard verified, in a field of the request that no other code can read or write. A WeakMap would do
 * the same at many times the cost, for every request is a new key.
 */
class Guarded extends Given {
  #token: AccessToken;

  private constructor(req: object, token: AccessToken) {
    super(req);
    this.#token = token;
  }

  static set(req: object, token: AccessToken): void {
    if (#token in req) req.#token = token;
    else new Guarded(req, token);
  }

  static get(req: object): AccessToken | undefined {
    return #token in req ? req.#token : undefined;
  }
}

/** Notes what was verified for this request: for `getAuth`, and as `req.auth`. */
export function setAuth(req: Express.Request, token: AccessToken): void {
  req.auth = token;
  Guarded.set(req, token);
}

/**
 * The access token that a guard verified for this request. It is not read from `req.auth`, which any
 * middleware can assign.
 *
 * @throws TypeError where no guard has let this request through: a route without one, or a handler before it
 */
export function getAuth(req: object): AccessToken {
  const token = typeof req === 'object' && req !== null ? Guarded.get(req) : undefined;
  if (token !== undefined) return token;
  throw new TypeError(
    'getAuth(req): no guard has run for this request. Mount requireScopes(…) before the handler.',
  );
}
