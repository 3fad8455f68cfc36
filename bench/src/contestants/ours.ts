import { createLogtoAuth } from 'express-logto-m2m';
import type { MakeGuard } from './contestant.js';

export const makeGuard: MakeGuard = async ({ endpoint, audience, scope, ready }) => {
  const auth = createLogtoAuth({ endpoint, audience });
  if (ready) await auth.ready();
  return [auth.requireScopes(scope)];
};
