import type { NextFunction, Request, Response } from 'express';
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose';
import type { MakeGuard } from './contestant.js';

class AuthorizationError extends Error {
  constructor(
    message: string,
    readonly status = 403,
  ) {
    super(message);
  }
}

/**
 * A new implementation of the sample in Logto's guide for Express (docs.logto.io/api-protection/nodejs/express): jose
 * checks signature, issuer and expiry, and a few lines check audience and scopes.
 */
export const makeGuard: MakeGuard = ({ issuer, jwksUri, audience, scope }) => {
  const jwks = createRemoteJWKSet(new URL(jwksUri));
  const requiredScopes = [scope];

  async function validateJwt(token: string): Promise<JWTPayload> {
    const { payload } = await jwtVerify(token, jwks, { issuer });
    const audiences = Array.isArray(payload.aud) ? payload.aud : [payload.aud];
    if (!audiences.includes(audience)) throw new AuthorizationError('Invalid audience');
    const scopes = typeof payload['scope'] === 'string' ? payload['scope'].split(' ') : [];
    if (!requiredScopes.every((required) => scopes.includes(required))) {
      throw new AuthorizationError('Insufficient scope');
    }
    return payload;
  }

  return [
    async function verifyAccessToken(req: Request, res: Response, next: NextFunction) {
      try {
        const { authorization } = req.headers;
        if (!authorization?.startsWith('Bearer ')) {
          throw new AuthorizationError('Authorization header is missing or no bearer token', 401);
        }
        const payload = await validateJwt(authorization.slice('Bearer '.length));
        Object.assign(req, {
          auth: { sub: payload.sub, clientId: payload['client_id'], scopes: payload['scope'] },
        });
        next();
      } catch (error) {
        const status = error instanceof AuthorizationError ? error.status : 401;
        res.status(status).json({ error: error instanceof Error ? error.message : 'unknown' });
      }
    },
  ];
};
