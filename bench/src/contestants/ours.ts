import { createLogtoAuth } from 'express-logto-m2m';
import type { MakeGuard } from './contestant.js';

export const makeGuard: MakeGuard = async ({ issuer, audience, scope, ready }) => {
  const auth = createLogtoAuth({ endpoint: issuer.slice(0, -'/oidc'.length), audience });
  if (ready) await auth.ready();
  return [auth.requireScopes(scope)];
};
