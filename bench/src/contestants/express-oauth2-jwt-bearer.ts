import type { RequestHandler } from 'express';
import { auth, requiredScopes } from 'express-oauth2-jwt-bearer';
import type { MakeGuard } from './contestant.js';

/** As its README shows. Keys and algorithm come from the issuer's discovery document. */
export const makeGuard: MakeGuard = ({ issuer, audience, scope, alg }) => [
  auth({ issuerBaseURL: issuer, audience, tokenSigningAlg: alg }) as RequestHandler,
  requiredScopes(scope) as RequestHandler,
];
