import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { faultInCredential } from '../options/credentials.js';
import { ORGANIZATION_AUDIENCE } from '../util/logto.js';
import { own } from '../util/own.js';
import type { RegisteredApp } from './app-options.js';
import { errorBody, sendJson } from './responses.js';
import type { TestTokenOptions } from './token-options.js';

/** The parts of the Logto that the token endpoint uses. */
export interface Tenant {
  readonly issuer: string;
  readonly audience: string;
  readonly apps: ReadonlyMap<string, RegisteredApp>;
  readonly issueToken: (options: TestTokenOptions) => Promise<string>;
}

/** An error response (RFC 6749 section 5.2). */
class OAuthError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

const FORM_TYPE = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';

/** The grant types that Logto supports, and that a machine-to-machine app must not use. */
const OTHER_GRANTS = [
  'authorization_code',
  'refresh_token',
  'urn:ietf:params:oauth:grant-type:device_code',
  'urn:ietf:params:oauth:grant-type:token-exchange',
];

/** Responds to a token request with client credentials (RFC 6749 section 4.4) as Logto does. */
export async function respondToTokenRequest(
  req: IncomingMessage,
  res: ServerResponse,
  tenant: Tenant,
): Promise<void> {
  res.setHeader('cache-control', 'no-store');
  res.setHeader('access-control-expose-headers', 'WWW-Authenticate');
  const origin = own(req.headers, 'origin');
  if (origin === undefined) res.setHeader('access-control-allow-origin', '*');
  try {
    const form = await formOf(req);
    const app = authenticate(req, form, tenant.apps);
    if (origin !== undefined) {
      throw invalidRequest(`origin ${origin} not allowed for client: ${app.appId}`);
    }
    checkGrant(form);
    sendJson(res, 200, await grant(form, app, tenant));
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error;
    const { status, code, message } = error;
    if (status === 401 && own(req.headers, 'authorization') !== undefined) {
      const challenge = `Basic realm="${tenant.issuer}", error="${code}", error_description="${message}"`;
      res.setHeader('www-authenticate', challenge);
    }
    sendJson(res, status, errorBody(code, message));
  }
}

/** Reads the parameters from a form or from JSON, which Logto also accepts. An empty parameter counts as absent. */
async function formOf(req: IncomingMessage): Promise<URLSearchParams> {
  const body = await text(req);
  const type = own(req.headers, 'content-type')
    ?.toLowerCase()
    .replace(/\s*;.*/, '');
  if (type !== undefined && type !== JSON_TYPE && type !== FORM_TYPE) {
    throw invalidRequest(`only ${FORM_TYPE} content-type bodies are supported on POST /token`);
  }
  const form = new URLSearchParams(type === JSON_TYPE ? jsonIn(body) : body);
  for (const [name, value] of [...form]) if (value === '') form.delete(name, value);
  return form;
}

function jsonIn(body: string): Record<string, string> {
  try {
    return JSON.parse(body) as Record<string, string>;
  } catch {
    return {};
  }
}

/** Authenticates the app, by HTTP Basic or in the body (RFC 6749 section 2.3.1). */
function authenticate(
  req: IncomingMessage,
  form: URLSearchParams,
  apps: ReadonlyMap<string, RegisteredApp>,
): RegisteredApp {
  refuseTwice(form, ['client_id', 'client_secret']);
  const header = own(req.headers, 'authorization');
  if (header !== undefined && form.has('client_secret')) {
    throw invalidRequest('client authentication must only be provided using one mechanism');
  }
  const named = form.get('client_id');
  const [id, secret] = header === undefined ? [named, form.get('client_secret')] : credentialsIn(header);
  if (id === null || id === '') throw invalidRequest('no client authentication mechanism provided');
  if (named !== null && named !== id) throw invalidRequest('client_id mismatch');
  if (secret === '') throw invalidRequest('client_secret must be provided in the Authorization header');
  const app = apps.get(id);
  if (app === undefined) throw new OAuthError(400, 'invalid_client', `invalid client ${id}`);
  if (app.appSecret !== secret) throw new OAuthError(401, 'invalid_client', 'client authentication failed');
  return app;
}

/** Reads id and secret from an Authorization header (RFC 7617). Each is form-encoded. */
function credentialsIn(header: string): readonly [id: string, secret: string] {
  const encoded = /^basic ([\w+/]+=*)$/i.exec(header)?.[1] ?? '';
  const credentials = Buffer.from(encoded, 'base64').toString();
  const colon = credentials.indexOf(':');
  if (colon === -1) throw invalidRequest('invalid authorization header value format');
  return [formDecoded(credentials.slice(0, colon)), formDecoded(credentials.slice(colon + 1))];
}

function formDecoded(value: string): string {
  const decoded = decoding(value.replaceAll('+', '%20'));
  if (decoded !== undefined && faultInCredential(decoded) === undefined) return decoded;
  throw invalidRequest('client_id and client_secret in the authorization header are not properly encoded');
}

function decoding(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

function checkGrant(form: URLSearchParams): void {
  refuseTwice(form, ['grant_type']);
  const type = form.get('grant_type');
  if (type === null) throw invalidRequest("missing required parameter 'grant_type'");
  if (OTHER_GRANTS.includes(type)) {
    throw invalidRequest('requested grant type is not allowed for this client');
  }
  if (type !== 'client_credentials') {
    throw new OAuthError(400, 'unsupported_grant_type', 'unsupported grant_type requested');
  }
  refuseTwice(form, ['organization_id', 'scope']);
}

function refuseTwice(form: URLSearchParams, names: readonly string[]): void {
  const twice = names.find((name) => form.getAll(name).length > 1);
  if (twice !== undefined) throw invalidRequest(`'${twice}' parameter must not be provided twice`);
}

async function grant(form: URLSearchParams, app: RegisteredApp, tenant: Tenant): Promise<object> {
  const organizationId = form.get('organization_id') ?? undefined;
  const permissions = organizationId === undefined ? app.scopes : app.organizations.get(organizationId);
  if (permissions === undefined) {
    throw new OAuthError(403, 'access_denied', 'app has not associated with the organization');
  }
  const resource = resourceIn(form, tenant);
  if (resource === undefined && organizationId === undefined) {
    throw invalidTarget('both `resource` and `organization_id` are not provided');
  }
  const asked = new Set(form.get('scope')?.split(' '));
  const scopes = [...asked].filter((scope) => permissions.includes(scope));
  const { appId, expiresIn } = app;
  const target =
    resource === undefined ? { audience: ORGANIZATION_AUDIENCE + organizationId } : { organizationId };
  return {
    access_token: await tenant.issueToken({ clientId: appId, scopes, expiresIn, ...target }),
    expires_in: expiresIn,
    token_type: 'Bearer',
    // An empty scope appears only in Logto's response for an organization's own token.
    ...((scopes.length > 0 || resource === undefined) && { scope: scopes.join(' ') }),
  };
}

/** Returns the API that the token is requested for (RFC 8707 section 2); undefined if the request names none. */
function resourceIn(form: URLSearchParams, { audience }: Tenant): string | undefined {
  const resources = form.getAll('resource');
  for (const resource of resources) {
    if (!URL.canParse(resource)) throw invalidTarget('resource indicator must be an absolute URI');
    if (resource.includes('#')) {
      throw invalidTarget('resource indicator must not contain a fragment component');
    }
    if (resource !== audience) throw invalidTarget('resource indicator is missing, or unknown');
  }
  return resources[0];
}

function invalidRequest(description: string): OAuthError {
  return new OAuthError(400, 'invalid_request', description);
}

function invalidTarget(description: string): OAuthError {
  return new OAuthError(400, 'invalid_target', description);
}
