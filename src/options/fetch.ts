import type { Owner } from './option-error.js';
import { checkFunction, withDefault } from './values.js';

/**
 * The part of the global `fetch` that is used; undici and node-fetch provide it, too. A `Request` passed to the
 * `fetch` of a client is passed on as a `Request` instead of the address. The second argument has no prototype, so
 * that no member of `Object.prototype` is read.
 */
export type Fetch = (url: string, init?: FetchInit) => Promise<FetchResponse>;

/**
 * The members of a RequestInit that are passed (Fetch standard, section 5.4). They always include a `signal` that
 * aborts the request at its deadline; it is not declared, since the libraries declare it differently.
 */
export interface FetchInit {
  /** `POST` for a token request; absent for GET. */
  method?: string;
  /** The header fields, by name. */
  headers?: Record<string, string>;
  /** The body of a token request. */
  body?: string | URLSearchParams;
  /** Redirects are not followed. */
  redirect?: 'manual';
}

/** The members of a response that are read. */
export interface FetchResponse {
  /** The HTTP status. */
  readonly status: number;
  /** Whether a redirect was followed despite `manual`. */
  readonly redirected: boolean;
  /** The header fields. */
  readonly headers: {
    /** Returns one header field, or null. */
    get(name: string): string | null;
  };
  /** A byte stream, or null. */
  readonly body: unknown;
}

/** Returns the custom `fetch`, or one that calls the current global `fetch`, which may be replaced later. */
export function checkFetch(owner: Owner, value: Fetch | undefined): typeof fetch {
  const globalFetch: typeof fetch = (...args) => fetch(...args);
  return checkFunction(owner, 'fetch', withDefault(value as typeof fetch | undefined, globalFetch));
}
