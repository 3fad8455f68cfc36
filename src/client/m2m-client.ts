import { createAuthorizedFetch } from './authorized-fetch.js';
import { type M2MClientOptions, resolveClientOptions } from './options.js';
import { TokenHolder } from './token-holder.js';

/** A token that Logto granted. */
export interface AccessTokenAnswer {
  /** The token itself: a secret. */
  readonly token: string;
  /** In seconds since the epoch. */
  readonly expiresAt: number;
  /** What Logto granted, which may be less than was asked for. */
  readonly scopes: readonly string[];
}

/** An app that calls a protected API. None of its functions needs `this`. */
export interface M2MClient {
  /**
   * A token that is good for a while: the one that is held, or a new one. Callers that come at once share one request.
   *
   * @throws M2MClientError (the promise rejects) where Logto gives none and none is held that still lives
   */
  readonly getAccessToken: () => Promise<AccessTokenAnswer>;
  /**
   * As the global `fetch`, with the token, and to the origin of `baseUrl` alone. Where the API refuses the token as
   * invalid (RFC 6750 section 3.1), another is asked for, at most once in 30 s, and the request sent once more, if
   * its body is no stream (that of a `Request` is one). A `signal` also ends the wait for a token.
   *
   * @throws M2MClientError (the promise rejects) as `getAccessToken`; TypeError without `baseUrl`, and for another origin
   */
  readonly fetch: typeof fetch;
}

/**
 * Makes a client for one app and one API, with the client credentials grant (RFC 6749 section 4.4).
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
 * @throws TypeError that names the option that is wrong or missing, what came, and what to pass
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
