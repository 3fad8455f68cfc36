import type { ClientSettings } from './options.js';
import type { TokenHolder } from './token-holder.js';

/**
 * A `fetch` that sends the token to one origin and nowhere else. Where a redirect leads to another, the Fetch
 * standard (HTTP-redirect fetch) takes the Authorization header off.
 */
export function createAuthorizedFetch(
  { baseUrl, fetch, resource }: ClientSettings,
  holder: TokenHolder,
): typeof globalThis.fetch {
  return async function authorizedFetch(input, init) {
    const url = addressOf(input, baseUrl);
    const body = init?.body ?? (input instanceof Request ? input.body : null);
    const send = (token: string) => {
      const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
      headers.set('authorization', `Bearer ${token}`);
      return fetch(input instanceof Request ? input : url, { ...init, headers });
    };
    const { token } = await holder.get();
    const response = await send(token);
    if (!isInvalidToken(response)) return response;
    const next = await holder.renew(token);
    if (next === undefined || !canBeSentAgain(input, body)) return response;
    await response.body?.cancel();
    return send(next.token);
  };

  /** @throws TypeError where the token may not be sent */
  function addressOf(input: string | URL | Request, base: URL | undefined): URL {
    if (base === undefined) {
      throw new TypeError(
        `fetch: pass \`baseUrl\`, the address of ${resource ?? 'the API'}, to createM2MClient: without it no address is known to be the API's.`,
      );
    }
    const url = new URL(input instanceof Request ? input.url : input, base);
    if (url.origin === base.origin) return url;
    throw new TypeError(`fetch: the token is for ${base.origin} alone, and ${url.origin} is another origin.`);
  }
}

/** Whether the API says that the token is no good (RFC 6750 section 3.1), and not, for one, that it lacks a scope. */
function isInvalidToken({ status, headers }: Response): boolean {
  return status === 401 && /\berror="?invalid_token\b/.test(headers.get('www-authenticate') ?? '');
}

/** A stream is gone once it was sent. */
function canBeSentAgain(input: string | URL | Request, body: unknown): boolean {
  return input instanceof Request
    ? input.body === null && !(body instanceof ReadableStream)
    : !isStream(body);
}

function isStream(body: unknown): boolean {
  return (
    body instanceof ReadableStream ||
    (typeof body === 'object' && body !== null && Symbol.asyncIterator in body)
  );
}
