import { defaultMaxListeners, getMaxListeners, setMaxListeners } from 'node:events';
import { bare, hasMember, own } from '../util/own.js';
import { settledBy, unlessAborted } from '../util/promises.js';
import { discardBody } from '../util/response-body.js';
import type { ClientSettings } from './options.js';
import { copyInit } from './request-init.js';
import type { TokenHolder } from './token-holder.js';

/** The longest time that a response is held back, in milliseconds. */
const MAX_WAIT = 1_000;

/**
 * Creates a `fetch` that sends the token to one origin only. On a redirect to another origin, the Fetch standard
 * (HTTP-redirect fetch) removes the Authorization header.
 */
export function createAuthorizedFetch(
  { baseUrl, fetch, resource }: ClientSettings,
  holder: TokenHolder,
): typeof globalThis.fetch {
  return async function authorizedFetch(input, init) {
    const request = input instanceof Request ? input : undefined;
    // A Request of another library is sent as an address with options.
    const foreign = request === undefined && isRequest(input) ? copyInit(input) : undefined;
    const url = addressOf(isRequest(input) ? urlOf(input) : input, baseUrl);
    const options = bare({ ...foreign, ...copyInit(init ?? {}) });
    const signal = (options.signal === undefined ? request?.signal : options.signal) ?? undefined;
    const send = (token: string) => {
      const headers = new Headers(options.headers ?? request?.headers);
      headers.set('authorization', `Bearer ${token}`);
      // A copy, since a subclass may override `url`, and a custom `fetch` would read another address.
      const target =
        request === undefined ? url.href : (new Request(request, Object.create(null)) as unknown as string);
      // A custom `fetch` may belong to another library with its own classes, see the type of the option.
      return fetch(target, bare({ ...options, headers: Object.fromEntries(headers) }));
    };
    // An aborted call neither requests a token nor waits for one. Other calls may share a running token request.
    signal?.throwIfAborted();
    const { token } = await orAborted(holder.get(), signal);
    const response = await send(token);
    if (!isInvalidToken(response) || !isFromApi(baseUrl, response)) return response;
    const renewal = holder.renew(token);
    if (!canBeSentAgain(request, options.body)) {
      // The next call should have a new token. This response is returned even if Logto fails.
      await orAborted(settledBy(renewal, performance.now() + MAX_WAIT), signal);
      return response;
    }
    const next = await orAborted(renewal, signal);
    if (next === undefined) return response;
    discardBody(response);
    return send(next.token);
  };

  /** @throws TypeError if the token must not be sent to this address */
  function addressOf(address: string | URL, base: URL | undefined): URL {
    if (base === undefined) {
      throw new TypeError(
        `fetch: pass \`baseUrl\`, the address of ${resource ?? 'the API'}, to createM2MClient: the token is sent only to that address.`,
      );
    }
    const url = new URL(address, base);
    if (url.origin === base.origin) return url;
    throw new TypeError(`fetch: the token is only for ${base.origin}, and ${url.origin} is another origin.`);
  }
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  // Many calls may share one signal, and Node would report a leak. `fetch` sets the same limit.
  if (getMaxListeners(signal) === defaultMaxListeners) setMaxListeners(1_500, signal);
  return unlessAborted(promise, signal);
}

/** Whether the API refused the token as invalid (RFC 6750 section 3.1), and not for a missing scope. */
function isInvalidToken({ status, headers }: Response): boolean {
  const challenge = headers.get('www-authenticate') ?? '';
  return status === 401 && /(?:^|[\s,])error\s*=\s*"?invalid_token"?(?=$|[\s,])/i.test(challenge);
}

/** Whether the response is from the API, and not from a redirect target, which never received the token. */
function isFromApi(base: URL | undefined, { url }: Response): boolean {
  // A constructed response, as in tests, has no URL.
  return !url || new URL(url).origin === base?.origin;
}

/** A stream can be read only once, and the body of a Request is always a stream. */
function canBeSentAgain(request: Request | undefined, body: unknown): boolean {
  const isStream =
    body instanceof ReadableStream ||
    (typeof body === 'object' && body !== null && hasMember(body, Symbol.asyncIterator));
  return !isStream && (request?.body ?? null) === null;
}

/** Whether the input is a Request of any library. An address is a string, or has a `href`. */
function isRequest(input: string | URL | Request): input is Request {
  return typeof input === 'object' && !hasMember(input, 'href') && hasMember(input, 'url');
}

/** The address to which `fetch` sends a Request. A subclass may override `url`. */
function urlOf(request: Request): string {
  if (!(request instanceof Request)) return (request as Request).url;
  const getter = own(Object.getOwnPropertyDescriptor(Request.prototype, 'url') ?? {}, 'get');
  return getter === undefined ? request.url : getter.call(request);
}
