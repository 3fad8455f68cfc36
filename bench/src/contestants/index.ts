import type { MakeGuard } from './contestant.js';

/** The measured guards. Each is loaded by name, so that a process contains the code of only one. */
export const CONTESTANTS = {
  open: 'open route, no guard',
  limit: 'limit (text in a Map)',
  ours: 'express-logto-m2m',
  before: 'express-logto-m2m before',
  'check-alone': 'the check of the signature alone',
  sample: "sample of Logto's docs (jose)",
  'express-oauth2-jwt-bearer': 'express-oauth2-jwt-bearer',
  'express-jwt': 'express-jwt with jwks-rsa',
  'aws-jwt-verify': 'aws-jwt-verify',
  'mcp-auth': 'mcp-auth',
  'fast-jwt': 'fast-jwt, cache on',
} as const;

export type Contestant = keyof typeof CONTESTANTS;

/** The other packages. */
export const PEERS = [
  'express-oauth2-jwt-bearer',
  'express-jwt',
  'aws-jwt-verify',
  'mcp-auth',
  'fast-jwt',
] as const satisfies Contestant[];

export async function loadContestant(name: Contestant): Promise<MakeGuard> {
  const module = (await import(`./${name}.js`)) as { makeGuard: MakeGuard };
  return module.makeGuard;
}
