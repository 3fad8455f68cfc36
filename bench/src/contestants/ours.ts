import { createLogtoAuth } from 'express-logto-m2m';
import type { MakeGuard } from './contestant.js';

export const makeGuard: MakeGuard = ({ issuer, audience, scope }) => {
  const { requireScopes } = createLogtoAuth({ endpoint: issuer.slice(0, -'/oidc'.length), audience });
  return [requireScopes(scope)];
};
