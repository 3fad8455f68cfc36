/**
 * The client: obtains tokens by client credentials, caches and refreshes them, and sends them to one API only.
 *
 * @module express-logto-m2m/client
 */

export type { Fetch, FetchInit, FetchResponse } from '../options/fetch.js';
export type { KeyValueStore } from '../util/key-value-store.js';
export type { ScopesMissingMessage, TokenFailedMessage } from './diagnostics.js';
export { type AccessTokenAnswer, createM2MClient, type M2MClient } from './m2m-client.js';
export { M2MClientError, type M2MClientErrorDetails } from './m2m-client-error.js';
export { managementApiResource } from './management-api.js';
export type {
  M2MClientCommonOptions,
  M2MClientOptions,
  M2MClientOrganization,
  M2MClientResource,
} from './options.js';
