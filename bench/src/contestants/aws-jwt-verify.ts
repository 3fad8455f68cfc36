import { JwtVerifier } from 'aws-jwt-verify';
import type { MakeGuard } from './contestant.js';

/**
 * As its README shows for "other IDPs" and Express. It fetches keys only by https, so the keys are passed to it, as its
 * README also shows. It never fetches here. Its hook for custom checks checks the scopes.
 */
export const makeGuard: MakeGuard = ({ issuer, jwksUri, audience, scope, jwks }) => {
  const verifier = JwtVerifier.create({
    issuer,
    audience,
    jwksUri,
    customJwtCheck: ({ payload }) => {
      if (typeof payload['scope'] !== 'string' || !payload['scope'].split(' ').includes(scope)) {
        throw new Error('insufficient_scope');
      }
    },
  });
  verifier.cacheJwks(jwks as Parameters<typeof verifier.cacheJwks>[0]);
  return [
    async function verifyAccessToken(req, res, next) {
      try {
        const [scheme, token] = (req.headers.authorization ?? '').split(' ');
        if (scheme !== 'Bearer' || token === undefined) throw new Error('no bearer token');
        Object.assign(req, { auth: await verifier.verify(token) });
      } catch {
        res.status(403).json({ statusCode: 403, message: 'Forbidden' });
        return;
      }
      next();
    },
  ];
};
