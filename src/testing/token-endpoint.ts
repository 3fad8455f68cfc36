import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { ORGANIZATION_AUDIENCE } from '../checks/logto.js';
import { own } from '../checks/own.js';
import { errorBody, sendJson } from './answers.js';
import type { RegisteredApp } from './app-options.js';
import type { TestTokenOptions } from './token-options.js';

/** What the token endpoint knows of its Logto. */
export interface Tenant {
  readonly issuer: string;
  readonly audience: string;
  readonly apps: ReadonlyMap<string, RegisteredApp>;
  readonly issueToken: (options: TestTokenOptions) => Promise<string>;
}

/** An answer that is no token. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** The grants that Logto knows, and that a machine-to-machine app may not use. */
const OTHER_GRANTS = [
  'authorization_code',
  'refresh_token',
  'urn:ietf:params:oauth:grant-type:device_code',
  'urn:ietf:params:oauth:grant-type:token-exchange',
];

/** Answers a request for a token by client credentials (RFC 6749 section 4.4) as Logto does. */
export async function answerTokenRequest(
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
    if (!(error instanceof Refusal)) throw error;
    const { status, code, message } = error;
    if (status === 401 && own(req.headers, 'authorization') !== undefined) {
      const challenge = `Basic realm="${tenant.issuer}", error="${code}", error_description="${message}"`;
      res.setHeader('www-authenticate', challenge);
    }
    sendJson(res, status, errorBody(code, message));
  }
}

async function formOf(req: IncomingMessage): Promise<URLSearchParams> {
  const body = await text(req);
  if (!own(req.headers, 'content-type')?.startsWith('application/json')) return new URLSearchParams(body);
  try {
    return new URLSearchParams(JSON.parse(body) as Record<string, string>);
  } catch {
    return new URLSearchParams();
  }
}

/** The app that asks, by HTTP Basic or in the body (RFC 6749 section 2.3.1). */
function authenticate(
  req: IncomingMessage,
  form: URLSearchParams,
  apps: ReadonlyMap<string, RegisteredApp>,
): RegisteredApp {
  const header = own(req.headers, 'authorization');
  const [id, secret] =
    header === undefined ? [form.get('client_id'), form.get('client_secret')] : credentialsIn(header);
  if (id === null) throw invalidRequest('no client authentication mechanism provided');
  if (header !== undefined && form.has('client_secret')) {
    throw invalidRequest('client authentication must only be provided using one mechanism');
  }
  const app = apps.get(id);
  if (app === undefined) throw new Refusal(400, 'invalid_client', `invalid client ${id}`);
  if (app.appSecret !== secret) throw new Refusal(401, 'invalid_client', 'client authentication failed');
  return app;
}

function credentialsIn(header: string): readonly [id: string, secret: string] {
  const encoded = /^Basic ([\w+/]+=*)$/.exec(header)?.[1] ?? '';
  const [, id, secret] = /^([^:]+):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString()) ?? [];
  if (id === undefined || secret === undefined) {
    throw invalidRequest('invalid authorization header value format');
  }
  if (secret === '') throw invalidRequest('client_secret must be provided in the Authorization header');
  if (!isFormEncoded(id) || !isFormEncoded(secret)) {
    throw invalidRequest('client_id and client_secret in the authorization header are not properly encoded');
  }
  return [formDecoded(id), formDecoded(secret)];
}

function isFormEncoded(value: string): boolean {
  return /^(?:[\w.*+~!'()-]|%[\da-f]{2})*$/i.test(value);
}

function formDecoded(value: string): string {
  return new URLSearchParams(`value=${value}`).get('value') ?? '';
}

function checkGrant(form: URLSearchParams): void {
  const type = form.get('grant_type');
  if (type === null) throw invalidRequest("missing required parameter 'grant_type'");
  if (OTHER_GRANTS.includes(type)) {
    throw invalidRequest('requested grant type is not allowed for this client');
  }
  if (type !== 'client_credentials') {
    throw new Refusal(400, 'unsupported_grant_type', 'unsupported grant_type requested');
  }
  const twice = ['organization_id', 'scope'].find((name) => form.getAll(name).length > 1);
  if (twice !== undefined) throw invalidRequest(`'${twice}' parameter must not be provided twice`);
}

async function grant(form: URLSearchParams, app: RegisteredApp, tenant: Tenant): Promise<object> {
  const organizationId = form.get('organization_id') || undefined;
  const inOrganization = organizationId === undefined ? app.scopes : app.organizations.get(organizationId);
  if (inOrganization === undefined) {
    throw new Refusal(403, 'access_denied', 'app has not associated with the organization');
  }
  const resource = resourceIn(form, tenant);
  if (resource === undefined && organizationId === undefined) {
    throw invalidTarget('both `resource` and `organization_id` are not provided');
  }
  const asked = new Set(form.get('scope')?.split(' '));
  const scopes = [...asked].filter((scope) => inOrganization.includes(scope));
  const { appId, expiresIn } = app;
  const target =
    resource === undefined ? { audience: ORGANIZATION_AUDIENCE + organizationId } : { organizationId };
  return {
    access_token: await tenant.issueToken({ clientId: appId, scopes, expiresIn, ...target }),
    expires_in: expiresIn,
    token_type: 'Bearer',
    // Logto names none only in the answer for an organization's own token.
    ...((scopes.length > 0 || resource === undefined) && { scope: scopes.join(' ') }),
  };
}

/** The API that the token is to be for (RFC 8707 section 2); undefined where none is named. */
function resourceIn(form: URLSearchParams, { audience }: Tenant): string | undefined {
  const resources = form.getAll('resource').filter((resource) => resource !== '');
  for (const resource of resources) {
    if (!URL.canParse(resource)) throw invalidTarget('resource indicator must be an absolute URI');
    if (resource.includes('#')) {
      throw invalidTarget('resource indicator must not contain a fragment component');
    }
    if (resource !== audience) throw invalidTarget('resource indicator is missing, or unknown');
  }
  return resources[0];
}

function invalidRequest(description: string): Refusal {
  return new Refusal(400, 'invalid_request', description);
}

function invalidTarget(description: string): Refusal {
  return new Refusal(400, 'invalid_target', description);
}
