import type { Request } from 'express';
import { createLogtoAuth, type LogtoAuth, type LogtoAuthOptions } from 'express-logto-m2m';

const revoked = new Set<string>();

const options: LogtoAuthOptions = {
  clockTolerance: 10,
  isRevoked: async (token, req) => revoked.has(token.clientId) && req?.method !== 'OPTIONS',
  onError: (error, req, res, next) => {
    if (req.path === '/health') next(error);
    else res.status(error.status).set(error.headers).json(error);
  },
};

export const { requireScopes }: LogtoAuth = createLogtoAuth(options);

// @ts-expect-error there is no such option
export const mistaken = () => createLogtoAuth({ audiance: 'https://shopping.api' });

export function mistakenToo(req: Request): void {
  // @ts-expect-error what was verified is read-only
  if (req.auth) req.auth.scopes = [];
}
