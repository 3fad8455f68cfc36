import { member, own } from '../util/own.js';
import { retryAfterSeconds } from '../util/retry-after.js';
import { M2MClientError } from './m2m-client-error.js';
import type { ClientSettings } from './options.js';
import { explain } from './refusals.js';
import { safeText } from './safe-text.js';

/** The reason why no token was obtained. */
export class TokenFailure {
  constructor(
    readonly error: M2MClientError,
    /** Whether a retry may succeed. */
    readonly isTransient: boolean,
    /** Logto's Retry-After in seconds; undefined if it sent none (RFC 9110 section 10.2.3). */
    readonly retryAfter: number | undefined = undefined,
  ) {}
}

/** Logto refused the request (RFC 6749 section 5.2). The same request would get the same response again. */
export function refused(settings: ClientSettings, status: number, body: object): TokenFailure {
  const code = safeText(settings, own(body, 'error'));
  // An authorization server never sends the secret back, so this response is from something else.
  if (code === undefined) return invalidResponse(settings, status);
  const description = safeText(settings, own(body, 'error_description'));
  const message = `Logto issued no token: ${description ?? 'it gave no reason'} (${code}).`;
  const explanation = explain({ status, code, description }, settings);
  const hint = explanation && `${explanation.cause} ${explanation.fix}`;
  return new TokenFailure(new M2MClientError(code, message, { status, description, hint }), false);
}

/** Logto responded with 429 or 5xx. */
export function unavailable({ endpoint }: ClientSettings, { status, headers }: Response): TokenFailure {
  const message = `Logto issued no token: ${endpoint} responded with status ${status}.`;
  const hint =
    status === 429
      ? 'Logto, or a proxy in front of it, limits the rate of requests: wait, keep one client for each API, and let replicas share its token by `store`.'
      : 'Logto, or a proxy in front of it, fails: see its log, and check that Logto reaches its database.';
  return new TokenFailure(
    new M2MClientError('unavailable', message, { status, hint }),
    true,
    retryAfterSeconds(headers),
  );
}

/** No response was received. */
export function unreachable({ endpoint }: ClientSettings, thrown: unknown): TokenFailure {
  const message = `Logto issued no token: ${endpoint} cannot be reached (${reasonOf(thrown)}).`;
  return new TokenFailure(new M2MClientError('network', message), true);
}

/** No complete response was received in time. */
export function timedOut({ endpoint, timeout }: ClientSettings): TokenFailure {
  const message = `Logto issued no token: ${endpoint} did not respond within ${timeout} s.`;
  return new TokenFailure(new M2MClientError('timeout', message), true);
}

/** The response ended before it was complete. */
export function incompleteResponse({ endpoint }: ClientSettings, status: number): TokenFailure {
  const message = `Logto issued no token: the response of ${endpoint} (${status}) is incomplete.`;
  return new TokenFailure(new M2MClientError('invalid_response', message, { status }), true);
}

/** The response is not from an authorization server, or not from this address. A retry would not change that. */
export function invalidResponse({ endpoint }: ClientSettings, status: number): TokenFailure {
  const message = `Logto issued no token: the response of ${endpoint}/oidc/token (${status}) is not from Logto.`;
  const hint = `Is ${endpoint} the base URL of your Logto, with the right port, without a proxy that responds instead?`;
  return new TokenFailure(new M2MClientError('invalid_response', message, { status, hint }), false);
}

/**
 * Describes a network failure in one word. The message may contain an address with a password, so it is never
 * returned. A custom `fetch` may throw any value.
 */
function reasonOf(thrown: unknown): string {
  try {
    const words = [own(own(thrown, 'cause'), 'code'), own(thrown, 'code'), member(thrown, 'name')];
    const word = words.find((one) => typeof one === 'string' && /^\w{1,40}$/.test(one));
    return (word as string | undefined) ?? 'Error';
  } catch {
    return 'Error';
  }
}
