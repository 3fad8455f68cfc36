import {
  allowInsecureRequests,
  ClientSecretBasic,
  clientCredentialsGrantRequest,
  customFetch,
  processClientCredentialsResponse,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'oauth4webapi';
import { hintFor } from './hints.js';
import { M2MClientError } from './m2m-client-error.js';
import type { ClientSettings } from './options.js';

/** A token, and what Logto said of it. Times are in seconds since the epoch. */
export interface GrantedToken {
  readonly token: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly scopes: readonly string[];
}

/** Why there is no token. */
export class TokenFailure {
  constructor(
    readonly error: M2MClientError,
    /** Whether to ask again can help. */
    readonly isTransient: boolean,
    /** Seconds after which Logto wants to be asked again, if it said so (RFC 9110 section 10.2.3). */
    readonly retryAfter?: number | undefined,
  ) {}
}

/**
 * Asks Logto once, with the client credentials grant (RFC 6749 section 4.4) and the app's id and secret by HTTP Basic
 * (section 2.3.1).
 *
 * @param signal - ends the request, its body included
 */
export async function requestToken(
  settings: ClientSettings,
  signal: AbortSignal,
): Promise<GrantedToken | TokenFailure> {
  const { endpoint, appId, appSecret, resource, organizationId, scopes, fetch, allowInsecure } = settings;
  const server = { issuer: `${endpoint}/oidc`, token_endpoint: `${endpoint}/oidc/token` };
  const client = { client_id: appId };
  const parameters = {
    ...(resource !== undefined && { resource }),
    ...(organizationId !== undefined && { organization_id: organizationId }),
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
  };
  const issuedAt = Math.floor(Date.now() / 1000);
  let response: Response | undefined;
  try {
    response = await clientCredentialsGrantRequest(server, client, ClientSecretBasic(appSecret), parameters, {
      [customFetch]: fetch,
      // http to this very machine is allowed always; whether to others, the options were checked for.
      [allowInsecureRequests]: allowInsecure || endpoint.startsWith('http:'),
      signal,
    });
    if (response.status === 429 || response.status >= 500) return unavailable(settings, response);
    const answer = await processClientCredentialsResponse(server, client, response);
    if (answer.token_type !== 'bearer' || !(Number(answer.expires_in) > 0)) {
      return invalidResponse(settings, response);
    }
    return {
      token: answer.access_token,
      issuedAt,
      expiresAt: issuedAt + Number(answer.expires_in),
      scopes: (answer.scope ?? '').split(' ').filter((scope) => scope !== ''),
    };
  } catch (error) {
    if (signal.aborted) return timedOut(settings);
    if (error instanceof ResponseBodyError) return refused(settings, error.status, error.cause);
    if (error instanceof WWWAuthenticateChallengeError) {
      const body: unknown = await error.response.json().catch(() => undefined);
      return refused(settings, error.status, body);
    }
    return response === undefined ? unreachable(settings, error) : invalidResponse(settings, response);
  }
}

/** Logto was asked, and has said no. To ask again the same would get the same. */
function refused(settings: ClientSettings, status: number, body: unknown): TokenFailure {
  const { error, error_description } = (body ?? {}) as { error?: unknown; error_description?: unknown };
  const code = harmless(settings, error) ?? 'invalid_client';
  const description = harmless(settings, error_description);
  const message = `Logto gave no token: ${description ?? 'it did not say why'} (${code}).`;
  const hint = hintFor(code, status, description, settings);
  return new TokenFailure(new M2MClientError(code, message, { status, description, hint }), false);
}

async function unavailable(settings: ClientSettings, response: Response): Promise<TokenFailure> {
  await response.body?.cancel().catch(() => {});
  const { status } = response;
  const message = `Logto gave no token: ${settings.endpoint} answered ${status}.`;
  return new TokenFailure(
    new M2MClientError('unavailable', message, { status }),
    true,
    retryAfterOf(response),
  );
}

function unreachable({ endpoint }: ClientSettings, cause: unknown): TokenFailure {
  const message = `Logto gave no token: ${endpoint} cannot be reached (${reasonOf(cause)}).`;
  return new TokenFailure(new M2MClientError('network', message), true);
}

function timedOut({ endpoint, timeout }: ClientSettings): TokenFailure {
  const message = `Logto gave no token: ${endpoint} did not answer within ${timeout} s.`;
  return new TokenFailure(new M2MClientError('timeout', message), true);
}

/** Whoever answered is no authorization server, or not at this address. */
function invalidResponse({ endpoint }: ClientSettings, { status, body, bodyUsed }: Response): TokenFailure {
  if (!bodyUsed) body?.cancel().catch(() => {});
  const message = `Logto gave no token: what ${endpoint}/oidc/token answered (${status}) is no answer of Logto's.`;
  const hint = `Is ${endpoint} the base URL of your Logto, with the right port, and no proxy in between that answers itself?`;
  // An answer may have broken off in the middle; where there is nothing of Logto's there will be nothing later.
  return new TokenFailure(new M2MClientError('invalid_response', message, { status, hint }), status === 200);
}

/** What went wrong on the way, in a word. Never the message as it is: it may name an address with a password. */
function reasonOf(error: unknown): string {
  const { cause, name } = error as { cause?: { code?: unknown }; name?: unknown };
  const code = cause?.code ?? (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : typeof name === 'string' ? name : 'Error';
}

/** What Logto said, cut, and nothing at all where it echoes the secret, as it is or as it was sent. */
function harmless({ appSecret }: ClientSettings, text: unknown): string | undefined {
  if (typeof text !== 'string' || text.includes(appSecret)) return undefined;
  const decoded = text.replace(/%[\da-f]{2}/gi, (code) =>
    String.fromCharCode(Number.parseInt(code.slice(1), 16)),
  );
  return decoded.replaceAll('+', ' ').includes(appSecret) ? undefined : text.slice(0, 200);
}

function retryAfterOf({ headers }: Response): number | undefined {
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}
