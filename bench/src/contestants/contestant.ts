import type { RequestHandler } from 'express';

/** The configuration of every contestant: one issuer, one API, one permission. */
export interface Setting {
  /** The address of Logto itself. */
  readonly endpoint: string;
  readonly issuer: string;
  readonly jwksUri: string;
  readonly audience: string;
  readonly scope: string;
  readonly alg: string;
  /** Whether the keys are fetched before the API listens, if the package supports that. */
  readonly ready?: boolean;
  readonly jwks: { readonly keys: readonly object[] };
}

/** Returns the handlers before the route's own. Those of a peer check signature, issuer, audience, expiry and scope. */
export type MakeGuard = (setting: Setting) => RequestHandler[] | Promise<RequestHandler[]>;
