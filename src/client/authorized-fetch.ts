import { defaultMaxListeners, getMaxListeners, setMaxListeners } from 'node:events';
import { bare, hasMember, own } from '../checks/own.js';
import { settledBy, unlessAborted } from '../promises.js';
import { discardBody } from '../response-body.js';
import type { ClientSettings } from './options.js';
import { copyInit } from './request-init.js';
import type { TokenHolder } from './token-holder.js';

/** For no longer than that an answer is held back, in milliseconds. */
const MOMENT = 1_000;

/**
 * A `fetch` that sends the token to one origin and nowhere else. Where a redirect leads to another, the Fetch
 * standard (HTTP-redirect fetch) takes the Authorization header off.
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
      // A copy, since the `url` of a subclass may tell a `fetch` of the user another address.
      const target =
        request === undefined ? url.href : (new Request(request, Object.create(null)) as unknown as string);
      // See the type of the option: the user's `fetch` may belong to another library, with its own classes.
      return fetch(target, bare({ ...options, headers: Object.fromEntries(headers) }));
    };
    // Whoever has given up asks for no token, and waits for none; what was asked for others share.
    signal?.throwIfAborted();
    const { token } = await orAborted(holder.get(), signal);
    const response = await send(token);
    if (!isInvalidToken(response) || !isOf(baseUrl, response)) return response;
    const renewal = holder.renew(token);
    if (!canBeSentAgain(request, options.body)) {
      // The next call is to have another token; this one's answer is there, whatever Logto does.
      await orAborted(settledBy(renewal, performance.now() + MOMENT), signal);
      return response;
    }
    const next = await orAborted(renewal, signal);
    if (next === undefined) return response;
    discardBody(response);
    return send(next.token);
  };

  /** @throws TypeError where the token may not be sent */
  function addressOf(address: string | URL, base: URL | undefined): URL {
    if (base === undefined) {
      throw new TypeError(
        `fetch: pass \`baseUrl\`, the address of ${resource ?? 'the API'}, to createM2MClient: without it no address is known to be the API's.`,
      );
    }
    const url = new URL(address, base);
    if (url.origin === base.origin) return url;
    throw new TypeError(`fetch: the token is for ${base.origin} alone, and ${url.origin} is another origin.`);
  }
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  // Many calls may share one signal, and Node would take that for a leak. `fetch` itself sets this.
  if (getMaxListeners(signal) === defaultMaxListeners) setMaxListeners(1_500, signal);
  return unlessAborted(promise, signal);
}

/** Whether the API refused the token as invalid (RFC 6750 section 3.1), and not for a missing scope. */
function isInvalidToken({ status, headers }: Response): boolean {
  const challenge = headers.get('www-authenticate') ?? '';
  return status === 401 && /(?:^|[\s,])error\s*=\s*"?invalid_token"?(?=$|[\s,])/i.test(challenge);
}

/** Whether the response is the API's own, and not that of a redirect's target, which never received the token. */
function isOf(base: URL | undefined, { url }: Response): boolean {
  // An answer that was made up, as in tests, has no address.
  return !url || new URL(url).origin === base?.origin;
}

/** A stream is gone once it was sent, and in a Request every body is one. */
function canBeSentAgain(request: Request | undefined, body: unknown): boolean {
  const isStream =
    body instanceof ReadableStream ||
    (typeof body === 'object' && body !== null && hasMember(body, Symbol.asyncIterator));
  return !isStream && (request?.body ?? null) === null;
}

/** Whether it is a Request, of whichever library: an address is a string, or has a `href`. */
function isRequest(input: string | URL | Request): input is Request {
  return typeof input === 'object' && !hasMember(input, 'href') && hasMember(input, 'url');
}

/** The address to which `fetch` sends a Request. A subclass may override `url`. */
function urlOf(request: Request): string {
  if (!(request instanceof Request)) return (request as Request).url;
  const getter = own(Object.getOwnPropertyDescriptor(Request.prototype, 'url') ?? {}, 'get');
  return getter === undefined ? request.url : getter.call(request);
}
