import { checkFunction, type Owner, withDefault } from './values.js';

/**
 * What is used of the global `fetch`: those of undici and of node-fetch have it, too. A `Request` that is given to the
 * `fetch` of a client is passed on as a `Request`, in the place of the address. The second argument has no prototype, so
 * that nothing is read of `Object.prototype`.
 */
export type Fetch = (url: string, init?: FetchInit) => Promise<FetchResponse>;

/**
 * The members of a RequestInit that are passed (Fetch standard, section 5.4). A `signal`, which ends the request when
 * its time is over, is always among them; it is not declared, since the libraries declare it differently.
 */
export interface FetchInit {
  /** `POST` for a token request; absent for GET. */
  method?: string;
  /** By their names. */
  headers?: Record<string, string>;
  /** Of a token request. */
  body?: string | URLSearchParams;
  /** Redirects are not followed. */
  redirect?: 'manual';
}

/** What is read of a response. */
export interface FetchResponse {
  /** The HTTP status. */
  readonly status: number;
  /** Whether a redirect was followed all the same. */
  readonly redirected: boolean;
  /** The header fields. */
  readonly headers: {
    /** One of them, or null. */
    get(name: string): string | null;
  };
  /** A stream of bytes, or null. */
  readonly body: unknown;
}

/** The user's `fetch`, or the global one as it is when it is called: it may be replaced later. */
export function checkFetch(owner: Owner, value: Fetch | undefined): typeof fetch {
  const globalFetch: typeof fetch = (...args) => fetch(...args);
  return checkFunction(owner, 'fetch', withDefault(value as typeof fetch | undefined, globalFetch));
}
