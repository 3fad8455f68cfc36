import express, { type Express } from 'express';
import { createLogtoAuth, getAuth } from '../../src/index.js';
import { get } from './request.js';

/** An organization for which no token was issued. */
const OTHER_ORGANIZATION = 'w1h7qob3z0o3';
const MANAGEMENT_API = 'https://default.logto.app/api';

/** The result of a token for each route: 200, or status and reason. */
export interface Result {
  readonly products: string;
  readonly writing: string;
  readonly organization: string;
  readonly otherOrganization: string;
  readonly reports: string;
  readonly management: string;
}

export const forOtherApi: Result = {
  products: '401 audience',
  writing: '401 audience',
  organization: '401 audience',
  otherOrganization: '401 audience',
  reports: '401 audience',
  management: '401 audience',
};
export const forShop: Result = {
  ...forOtherApi,
  products: '403 scope',
  writing: '403 scope',
  organization: '403 organization',
  otherOrganization: '403 organization',
};
export const reader: Result = { ...forShop, products: '200' };
export const admin: Result = { ...reader, writing: '200' };
export const writer: Result = { ...forShop, writing: '200' };
export const insideOrganization: Result = {
  ...forShop,
  products: '403 organization',
  writing: '403 organization',
  organization: '200',
};
export const ofOrganization: Result = { ...forOtherApi, reports: '200' };

/** A Logto whose tokens were recorded: its issuer, the organization of the tokens, and its keys at that time. */
export interface RecordedLogto {
  readonly issuer: string;
  readonly organization: string;
  readonly jwks: { readonly keys: readonly object[] };
}

/** An API with routes of each kind. A route returns the claims of the token, or status and reason of the refusal. */
export function recordedShop({ issuer, jwks }: Omit<RecordedLogto, 'organization'>): Express {
  const { requireScopes, requireOrganizationScopes } = createLogtoAuth({
    issuers: [{ issuer, jwks }],
    audience: 'https://shopping.api',
    onError: (error, _req, res) => res.status(error.status).json(`${error.status} ${error.reason}`),
  });
  const organization = (req: express.Request) => String(req.params['organizationId']);
  const ok: express.RequestHandler = (req, res) => {
    res.json(getAuth(req).claims);
  };
  const app = express();
  app.get('/products', requireScopes('read:products'), ok);
  app.get('/products/write', requireScopes('write:products'), ok);
  app.get('/organizations/:organizationId/products', requireScopes('read:products', { organization }), ok);
  app.get(
    '/organizations/:organizationId/reports',
    requireOrganizationScopes('read:reports', { organization }),
    ok,
  );
  app.get('/management', requireScopes('all', { audience: MANAGEMENT_API }), ok);
  return app;
}

/** Sends a token to each route, and returns the results and the claims that the handlers received. */
export async function resultsIn(
  app: Express,
  token: string,
  organization: string,
): Promise<{ readonly result: Result; readonly claims: readonly unknown[] }> {
  const paths: Record<keyof Result, string> = {
    products: '/products',
    writing: '/products/write',
    organization: `/organizations/${organization}/products`,
    otherOrganization: `/organizations/${OTHER_ORGANIZATION}/products`,
    reports: `/organizations/${organization}/reports`,
    management: '/management',
  };
  const claims: unknown[] = [];
  const met: Record<string, string> = {};
  for (const [route, path] of Object.entries(paths)) {
    const { status, body } = await get(app, path, token);
    met[route] = status === 200 ? '200' : body;
    if (status === 200) claims.push(body);
  }
  return { result: met as unknown as Result, claims };
}
