import {
  allowInsecureRequests,
  ClientSecretBasic,
  clientCredentialsGrantRequest,
  customFetch,
  OperationProcessingError,
  PARSE_ERROR,
  processClientCredentialsResponse,
  ResponseBodyError,
} from 'oauth4webapi';
import { bare, own } from '../util/own.js';
import { unlessAborted } from '../util/promises.js';
import { BodyTooLarge, discardBody, readBody } from '../util/response-body.js';
import { type GrantedToken, isBearerToken } from './granted-token.js';
import type { ClientSettings } from './options.js';
import {
  incompleteResponse,
  invalidResponse,
  refused,
  type TokenFailure,
  timedOut,
  unavailable,
  unreachable,
} from './token-failure.js';

/**
 * Sends one token request with the client credentials grant (RFC 6749 section 4.4). The app authenticates with its id
 * and secret by HTTP Basic (section 2.3.1).
 *
 * @param signal - ends the request and the reading of its body, even if `fetch` ignores it
 */
export async function requestToken(
  settings: ClientSettings,
  signal: AbortSignal,
): Promise<GrantedToken | TokenFailure> {
  const issuedAt = Math.floor(Date.now() / 1000);
  const pending = send(settings, signal);
  let status: number | undefined;
  try {
    const response = await unlessAborted(pending, signal);
    status = response.status;
    if (status === 429 || status >= 500) {
      discardBody(response);
      return unavailable(settings, response);
    }
    if (status !== 200 && (status < 400 || status > 499)) {
      discardBody(response);
      return invalidResponse(settings, status);
    }
    const text = await unlessAborted(readBody(response, signal), signal);
    return await readResponse(settings, issuedAt, withText(response, text));
  } catch (error) {
    if (signal.aborted) {
      pending.then(discardBody, () => {});
      return timedOut(settings);
    }
    if (status === undefined) return unreachable(settings, error);
    const report = error instanceof BodyTooLarge ? invalidResponse : incompleteResponse;
    return report(settings, status);
  }
}

function serverOf(endpoint: string) {
  return bare({ issuer: `${endpoint}/oidc`, token_endpoint: `${endpoint}/oidc/token` });
}

/** Without a prototype, as every object passed to the library: some members would make it send the secret elsewhere. */
function clientOf(appId: string) {
  return bare({ client_id: appId });
}

async function send(settings: ClientSettings, signal: AbortSignal): Promise<Response> {
  const { endpoint, appId, appSecret, resource, organizationId, scopes, fetch, allowInsecure } = settings;
  const parameters = {
    ...(resource !== undefined && { resource }),
    ...(organizationId !== undefined && { organization_id: organizationId }),
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
  };
  const authentication = ClientSecretBasic(appSecret);
  const options = bare({
    // The library creates `init` with a prototype; the copy has none.
    [customFetch]: (url: string, init: RequestInit) => fetch(url, bare(init)),
    // http to this host is always allowed; the options check allowed or refused other hosts.
    [allowInsecureRequests]: allowInsecure || endpoint.startsWith('http:'),
    signal,
  });
  return clientCredentialsGrantRequest(
    serverOf(endpoint),
    clientOf(appId),
    authentication,
    parameters,
    options,
  );
}

/**
 * Rebuilds the response with the body already read. Only the content type is kept: a challenge (Logto sends one for a
 * wrong secret) adds nothing to the body, and a challenge of a proxy says nothing about Logto.
 */
function withText({ status, headers }: Response, text: string): Response {
  const contentType = headers.get('content-type') ?? '';
  return new Response(text, bare({ status, headers: { 'content-type': contentType } }));
}

async function readResponse(
  settings: ClientSettings,
  issuedAt: number,
  response: Response,
): Promise<GrantedToken | TokenFailure> {
  const { endpoint, appId } = settings;
  try {
    const server = serverOf(endpoint);
    const granted = bare(await processClientCredentialsResponse(server, clientOf(appId), response));
    const lifetime = Number(granted.expires_in);
    if (granted.token_type !== 'bearer' || !(lifetime > 0) || !isBearerToken(granted.access_token)) {
      return invalidResponse(settings, response.status);
    }
    return {
      token: granted.access_token,
      issuedAt,
      expiresAt: issuedAt + lifetime,
      scopes: (granted.scope ?? '').split(' ').filter((scope) => scope !== ''),
    };
  } catch (error) {
    if (error instanceof ResponseBodyError) return refused(settings, error.status, error.cause);
    // Incomplete JSON: a connection that closes early truncates the response.
    const isIncomplete = error instanceof OperationProcessingError && own(error, 'code') === PARSE_ERROR;
    const report = isIncomplete ? incompleteResponse : invalidResponse;
    return report(settings, response.status);
  }
}
