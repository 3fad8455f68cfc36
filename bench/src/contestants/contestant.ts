import type { RequestHandler } from 'express';

/** What every contestant is told: one issuer, one API, one permission. */
export interface Setting {
  /** The address of Logto itself. */
  readonly endpoint: string;
  readonly issuer: string;
  readonly jwksUri: string;
  readonly audience: string;
  readonly scope: string;
  readonly alg: string;
  /** Whether the keys are fetched before the API listens, where the package can do that. */
  readonly ready?: boolean;
  readonly jwks: { readonly keys: readonly object[] };
}

/** Makes the handlers that run before the route's own. Those of a peer check signature, issuer, audience, expiry and scope. */
export type MakeGuard = (setting: Setting) => RequestHandler[] | Promise<RequestHandler[]>;
