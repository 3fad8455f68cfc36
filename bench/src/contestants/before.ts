import type * as Package from 'express-logto-m2m';
import type { MakeGuard } from './contestant.js';

/** This package as it was at another revision: see `npm run bench -- --against`. */
export const makeGuard: MakeGuard = async ({ endpoint, audience, scope }) => {
  const { createLogtoAuth } = (await import(
    `${process.env['BENCH_AGAINST']}/dist/index.js`
  )) as typeof Package;
  const { requireScopes } = createLogtoAuth({ endpoint, audience });
  return [requireScopes(scope)];
};
