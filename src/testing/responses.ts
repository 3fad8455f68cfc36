import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { withoutQuery } from '../util/addresses.js';
import { own } from '../util/own.js';

/**
 * Logto translates these error codes to a phrase for `message`. For other codes, the message is `An OIDC error occurred:
 * oidc.<code>.`
 */
const PHRASES: Readonly<Record<string, string>> = {
  access_denied: 'Access denied.',
  invalid_request: 'Request is invalid.',
  invalid_target: 'Invalid resource indicator.',
  unsupported_grant_type: 'Unsupported `grant_type` requested.',
};

export function sendJson(res: ServerResponse, status: number, body: object): void {
  res.setHeader('content-type', 'application/json; charset=utf-8');
  res.writeHead(status).end(JSON.stringify(body));
}

/** The body of an error response in Logto's form (RFC 6749 section 5.2). */
export function errorBody(error: string, description: string): object {
  const code = `oidc.${error}`;
  const message = own(PHRASES, error) ?? `An OIDC error occurred: ${code}.`;
  return { code, message, error, error_description: description };
}

/** Responds to a route or method that Logto does not have. */
export function sendNotFound(req: IncomingMessage, res: ServerResponse): void {
  const path = withoutQuery(req.url ?? '').replace(/^\/oidc(?=\/)/, '');
  const description = `unrecognized route or not allowed method (${req.method} on ${path})`;
  sendJson(res, 404, errorBody('invalid_request', description));
}

/** Sends the metadata for clients (OpenID Connect Discovery section 4.2). */
export function sendDiscovery(res: ServerResponse, issuer: string): void {
  sendJson(res, 200, {
    issuer,
    jwks_uri: `${issuer}/jwks`,
    token_endpoint: `${issuer}/token`,
    grant_types_supported: ['client_credentials'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
  });
}

/** Sends the keys (RFC 7517 section 5) in response to GET and HEAD. */
export function sendKeySet(res: ServerResponse, keys: readonly { readonly publicJwk: object }[]): void {
  const { req } = res;
  const body = JSON.stringify({ keys: keys.map(({ publicJwk }) => publicJwk) });
  const digest = createHash('sha1').update(body).digest('base64').slice(0, 27);
  res.setHeader('content-type', 'application/jwk-set+json; charset=utf-8');
  res.setHeader('access-control-allow-origin', own(req.headers, 'origin') ?? '*');
  res.setHeader('etag', `"${Buffer.byteLength(body).toString(16)}-${digest}"`);
  if (req.method === 'GET') res.setHeader('cache-control', 'no-cache, max-age=0, must-revalidate');
  res.end(body);
}
