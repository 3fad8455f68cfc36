import { IncomingMessage } from 'node:http';
import type { AccessToken } from '../access-token.js';

declare global {
  namespace Express {
    interface Request {
      /** The verified access token, set by the guards of express-logto-m2m. */
      auth?: AccessToken;
    }
  }
}

/** What a guard verified for each request, where no other code can write. */
const verified = new WeakMap<object, AccessToken>();

/**
 * `req.auth`, standing where Express has `req.ip` and its like: on its request prototype. Express changes the
 * prototype of every request, and before Node 24 each field that such an object then gets costs V8 a hidden
 * class for that one object, and an API some 3 % of its speed.
 */
const AUTH: PropertyDescriptor & ThisType<object> = {
  configurable: true,
  get() {
    // From the object itself, or from the request that it was made from by Object.create.
    for (let object: object | null = this; object !== null; object = Object.getPrototypeOf(object)) {
      const token = verified.get(object);
      if (token !== undefined) return token;
    }
    return undefined;
  },
  set(value: unknown) {
    Object.defineProperty(this, 'auth', { value, writable: true, enumerable: true, configurable: true });
  },
};

/**
 * Notes what was verified for this request: for `getAuth`, and as `req.auth`.
 *
 * @throws TypeError where another middleware made `req.auth` something that cannot be changed
 */
export function setAuth(req: Express.Request, token: AccessToken): void {
  verified.set(req, token);
  if (req.auth !== token) show(req, token);
}

/** For the first request of all, for what is no request of Express, and where another middleware has set it. */
function show(req: Express.Request, token: AccessToken): void {
  const prototype = expressPrototypeOf(req);
  if (prototype !== undefined && !('auth' in req)) Reflect.defineProperty(prototype, 'auth', AUTH);
  if (req.auth === token || Reflect.set(req, 'auth', token)) return;
  verified.delete(req);
  throw new TypeError('req.auth cannot be set: another middleware has made it read-only.');
}

/** The object from which the requests of all of Express's apps descend: the last before Node's own prototype. */
function expressPrototypeOf(req: object): object | undefined {
  let prototype = Object.getPrototypeOf(req);
  if (prototype === IncomingMessage.prototype) return undefined;
  while (prototype !== null) {
    const next = Object.getPrototypeOf(prototype);
    if (next === IncomingMessage.prototype) return prototype;
    prototype = next;
  }
  return undefined;
}

/**
 * The access token that a guard verified for this request. It is not read from `req.auth`, which any
 * middleware can assign.
 *
 * @throws TypeError where no guard has let this request through: a route without one, or a handler before it
 */
export function getAuth(req: object): AccessToken {
  const token = typeof req === 'object' && req !== null ? verified.get(req) : undefined;
  if (token !== undefined) return token;
  throw new TypeError(
    'getAuth(req): no guard has run for this request. Mount requireScopes(…) before the handler.',
  );
}
