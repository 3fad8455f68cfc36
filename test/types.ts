// Nothing here runs: the compiler checks it, as part of the build that comes before the tests.
import express, { type Request, type RequestHandler, type Response, Router } from 'express';
import { createM2MClient } from '../src/client/index.js';
import {
  type AccessToken,
  AuthError,
  authenticate,
  createLogtoAuth,
  type Guard,
  getAuth,
  type LogtoAuth,
  type LogtoAuthOptions,
  requireScopes,
} from '../src/index.js';
import type { OptionNames } from '../src/options/values.js';

const app = express();
const auth: LogtoAuth = createLogtoAuth({
  endpoint: 'https://tenant.logto.app',
  audience: 'https://shopping.api',
});
const guard: Guard = auth.requireScopes('read:products');

// Guards leave the handler's own types alone.
app.use(guard);
app.use('/v1', guard, Router());
app
  .route('/products')
  .all(guard)
  .get(guard, (_req, res) => void res.end());
app.get('/products/:id', guard, (req, res) => {
  const id: string = req.params.id;
  // @ts-expect-error there is no such parameter
  void req.params.name;
  res.json(id);
});

interface Body {
  name: string;
}
interface Locals {
  user: string;
}
app.post(
  '/products/:id',
  guard,
  (
    req: Request<{ id: string }, { ok: boolean }, Body, { dry?: string }, Locals>,
    res: Response<{ ok: boolean }, Locals>,
  ) => {
    const name: string = req.body.name;
    const dry: string | undefined = req.query.dry;
    res.locals.user = name + dry;
    // @ts-expect-error the answer is an object
    res.json('ok');
  },
);
export const handlers: RequestHandler[] = [guard, authenticate()];
export const typed: RequestHandler<{ id: string }, { ok: boolean }, Body, { dry?: string }, Locals> = guard;

// Scopes: one by one, with options, and as a list.
auth.requireScopes('a', 'b');
auth.requireScopes('a', 'b', { machineOnly: false });
auth.requireScopes(['a', 'b'] as const, { organization: 'required' });
auth.requireAnyScope('a', {
  audience: ['https://a.api'],
  organization: (req) => req.params['organizationId'],
});
auth.requireOrganizationScopes('a', { organization: (req) => req.params['organizationId'] });
auth.requireOrganizationScopes(['a'], { organization: (req: Request) => req.get('x-organization') });
requireScopes(...['a', 'b']);
requireScopes(...([] as string[]));
auth.authenticate({ organization: 'optional' });

app.get('/.well-known/oauth-protected-resource', auth.resourceMetadata({ scopes: ['a', 'b'] as const }));
auth.resourceMetadata({ resource: 'https://shopping.api' });

// A table of option names must have every option.
export const all: OptionNames<{ a?: string; b?: number }> = { a: true, b: true };
// @ts-expect-error b is missing
export const incomplete: OptionNames<{ a?: string; b?: number }> = { a: true };

// Wrong options do not compile.
// @ts-expect-error an empty list of scopes would let every token through
requireScopes();
// @ts-expect-error likewise
auth.requireAnyScope();
// @ts-expect-error likewise
auth.requireScopes({ machineOnly: false });
// @ts-expect-error likewise
auth.requireOrganizationScopes({ organization: () => 'o1' });
// @ts-expect-error misspelt
createLogtoAuth({ audiance: 'https://shopping.api' });
// @ts-expect-error not a number
createLogtoAuth({ clockTolerance: '5' });
// @ts-expect-error no such rule
auth.requireScopes('a', { organization: 'mandatory' });
// @ts-expect-error a Promise cannot be waited for
auth.requireScopes('a', { organization: async () => 'x' });
// @ts-expect-error misspelt
auth.requireScopes('a', { scope: 'b' });
// @ts-expect-error the organization cannot be left out
auth.requireOrganizationScopes('a');
// @ts-expect-error a rule is no organization
auth.requireOrganizationScopes('a', { organization: 'required' });
// @ts-expect-error no scopes here
auth.authenticate('a');
// @ts-expect-error one document is about one resource
auth.resourceMetadata({ resource: ['https://shopping.api'] });
// @ts-expect-error the option of the instance, and none of the document
auth.resourceMetadata({ resourceMetadata: 'https://shopping.api' });
// @ts-expect-error an issuer has a name
createLogtoAuth({ issuers: [{ jwksUri: 'http://logto:3001/oidc/jwks' }] });
// @ts-expect-error getToken cannot be waited for
createLogtoAuth({ getToken: async () => 'token' });
// @ts-expect-error misspelt, in verify
void auth.verify('token', { scope: ['a'] });
// @ts-expect-error isRevoked answers true or false
createLogtoAuth({ isRevoked: () => undefined });

// What the environment may not hold can be passed as it is.
export const options: LogtoAuthOptions = {
  endpoint: process.env['LOGTO_ENDPOINT'],
  audience: process.env['LOGTO_AUDIENCE'],
  onError: (error, req, res, next) => {
    const reason: AuthError['reason'] = error.reason;
    res.status(error.status).json({ reason, path: req.path });
    next(error);
  },
};

app.get('/who', guard, (req, res) => {
  const token: AccessToken = getAuth(req);
  const maybe: AccessToken | undefined = req.auth;
  // @ts-expect-error it may be missing
  void req.auth.scopes;
  // @ts-expect-error it is frozen
  token.scopes.push('write:products');
  // @ts-expect-error it is frozen
  token.clientId = 'x';
  res.json([token.claims['plan'], maybe?.organizationId]);
});

// A client asks for a token for something.
const anyApp = { endpoint: 'https://tenant.logto.app', appId: 'id', appSecret: 'secret' };
createM2MClient({ ...anyApp, resource: 'https://shopping.api' });
createM2MClient({ ...anyApp, organizationId: 'o1' });
createM2MClient({ ...anyApp, resource: 'https://shopping.api', organizationId: process.env['ORGANIZATION'] });
// @ts-expect-error neither resource nor organizationId
createM2MClient(anyApp);
// @ts-expect-error both may be undefined
createM2MClient({ ...anyApp, resource: process.env['A'], organizationId: process.env['B'] });

// What Express calls a request may have an `auth` of the app's own.
interface Authed extends Omit<Request, 'auth'> {
  auth: { user: string };
}
export const own = (req: Request): string => (req as unknown as Authed).auth.user;

export function told(error: unknown): number {
  if (!(error instanceof AuthError)) return 500;
  switch (error.reason) {
    case 'expired':
      return 1;
    // @ts-expect-error there is no such reason
    case 'expried':
      return 2;
    default:
      return error.status;
  }
}
