import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { expressjwt, type GetVerificationKey } from 'express-jwt';
import jwksRsa from 'jwks-rsa';
import type { MakeGuard } from './contestant.js';

/** As its README and that of jwks-rsa show. It does not check scopes, so a second handler does. */
export const makeGuard: MakeGuard = ({ issuer, jwksUri, audience, scope, alg }) => [
  expressjwt({
    secret: jwksRsa.expressJwtSecret({
      cache: true,
      rateLimit: true,
      jwksRequestsPerMinute: 5,
      jwksUri,
    }) as GetVerificationKey,
    audience,
    issuer,
    algorithms: [alg as 'ES384'],
  }) as RequestHandler,
  function checkScope(req: Request & { auth?: { scope?: string } }, res: Response, next: NextFunction) {
    if (req.auth?.scope?.split(' ').includes(scope)) next();
    else res.status(403).json({ error: 'insufficient_scope' });
  } as RequestHandler,
];
