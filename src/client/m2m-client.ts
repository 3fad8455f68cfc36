import { createAuthorizedFetch } from './authorized-fetch.js';
import { type M2MClientOptions, resolveClientOptions } from './options.js';
import { TokenHolder } from './token-holder.js';

/** A token that Logto granted. */
export interface AccessTokenAnswer {
  /** The access token, which is a secret. */
  readonly token: string;
  /** The expiry, in seconds since the epoch. */
  readonly expiresAt: number;
  /** The granted scopes, which may be fewer than requested. */
  readonly scopes: readonly string[];
}

/** A client for a protected API. None of its functions needs `this`. */
export interface M2MClient {
  /**
   * Returns a valid token, cached or new. It may expire soon if Logto currently issues no other. Concurrent callers
   * share one request.
   *
   * @throws M2MClientError (the promise rejects) if Logto issues no token and no valid one is cached
   */
  readonly getAccessToken: () => Promise<AccessTokenAnswer>;
  /**
   * The global `fetch` with the token, restricted to the origin of `baseUrl`. If the API refuses the token as invalid
   * (RFC 6750 section 3.1), the client requests another, at most once in 30 s, and sends the request once more,
   * unless its body is a stream (as that of a `Request` is). A `signal` also ends the wait for a token.
   *
   * @throws M2MClientError (the promise rejects) as `getAccessToken`
   * @throws TypeError (the promise rejects) without `baseUrl`, and for other origins
   */
  readonly fetch: typeof fetch;
}

/**
 * Creates a client for one app and one API, with the client credentials grant (RFC 6749 section 4.4).
 *
 * @example
 * const shop = createM2MClient({
 *   endpoint: 'https://your-tenant.logto.app',
 *   appId: process.env.LOGTO_APP_ID,
 *   appSecret: process.env.LOGTO_APP_SECRET,
 *   resource: 'https://shopping.api',
 *   scopes: ['read:products'],
 *   baseUrl: 'https://shop.example',
 * });
 * const products = await (await shop.fetch('/products')).json();
 *
 * @throws TypeError that names the wrong or missing option, the value received, and the value to pass
 */
export function createM2MClient(options: M2MClientOptions): M2MClient {
  const settings = resolveClientOptions(options);
  const holder = new TokenHolder(settings);
  return {
    getAccessToken: async () => {
      const { token, expiresAt, scopes } = await holder.get();
      return { token, expiresAt, scopes: [...scopes] };
    },
    fetch: createAuthorizedFetch(settings, holder),
  };
}
