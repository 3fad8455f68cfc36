import { checkCredential } from '../options/credentials.js';
import { checkFetch, type Fetch } from '../options/fetch.js';
import { faultError, show } from '../options/option-error.js';
import { checkScopeList } from '../options/scopes.js';
import { checkAddress, checkEndpoint, checkResource } from '../options/uris.js';
import {
  checkBoolean,
  checkNames,
  checkSeconds,
  checkStore,
  checkText,
  type OptionNames,
  withDefault,
} from '../options/values.js';
import type { KeyValueStore } from '../util/key-value-store.js';

/** The options of `createM2MClient`. Durations are in seconds. `resource`, `organizationId` or both are required. */
export type M2MClientOptions = M2MClientCommonOptions & (M2MClientResource | M2MClientOrganization);

/** Options for an API, optionally inside an organization. */
export interface M2MClientResource {
  /** The API resource indicator of the API to call (RFC 8707). */
  readonly resource: string;
  /** The organization that the token is limited to. */
  readonly organizationId?: string | undefined;
}

/** Options for an organization, optionally for an API inside it. */
export interface M2MClientOrganization {
  /** The API resource indicator of the API to call (RFC 8707). */
  readonly resource?: string | undefined;
  /** The organization that the token is limited to. */
  readonly organizationId: string;
}

/** The options of every client. Durations are in seconds. */
export interface M2MClientCommonOptions {
  /** Base URL of Logto, without `/oidc`. */
  readonly endpoint: string;
  /** The id of the machine-to-machine app, from the Logto Console. */
  readonly appId: string;
  /** The secret of the same app. It is sent only to Logto, and no message contains it. */
  readonly appSecret: string;
  /** The base URL of the API. `fetch` resolves addresses against it, and sends the token only to its origin. */
  readonly baseUrl?: string | undefined;
  /** The scopes to request. Logto grants no scope that was not requested. */
  readonly scopes?: readonly string[] | undefined;
  /**
   * How long before its expiry a token is replaced: at most half of its lifetime, and at least 5 or a tenth of its
   * lifetime, whichever is shorter. Default 60.
   */
  readonly refreshBefore?: number | undefined;
  /** The time limit for obtaining a token, including retries. Default 10. */
  readonly timeout?: number | undefined;
  /** A store shared by replicas, such as a Keyv over Redis: they then share one token. Entries are encrypted. */
  readonly store?: KeyValueStore | undefined;
  /** Replaces the global `fetch`. */
  readonly fetch?: Fetch | undefined;
  /** Allows http to other hosts than this one, for the secret and the token. Default false. */
  readonly allowInsecureRequests?: boolean | undefined;
}

/** The checked options, with defaults filled in. Durations are in seconds. */
export interface ClientSettings {
  readonly endpoint: string;
  readonly appId: string;
  readonly appSecret: string;
  readonly resource: string | undefined;
  readonly organizationId: string | undefined;
  readonly baseUrl: URL | undefined;
  readonly scopes: readonly string[];
  readonly refreshBefore: number;
  readonly timeout: number;
  readonly store: KeyValueStore | undefined;
  readonly fetch: typeof fetch;
  readonly allowInsecure: boolean;
}

const OWNER = 'createM2MClient';
const ORGANIZATION_ADVICE =
  " For an organization's own token pass `organizationId`, only the id, and no `resource`.";
const NAMES: OptionNames<M2MClientOptions> = {
  endpoint: true,
  appId: true,
  appSecret: true,
  resource: true,
  organizationId: true,
  baseUrl: true,
  scopes: true,
  refreshBefore: true,
  timeout: true,
  store: true,
  fetch: true,
  allowInsecureRequests: true,
};

/**
 * Checks the options and fills in the defaults.
 *
 * @throws TypeError that names the option, the value received, and the value to pass; never with the secret
 */
export function resolveClientOptions(given: M2MClientOptions): ClientSettings {
  const options = checkNames<M2MClientOptions>(OWNER, given, NAMES);
  const { resource, organizationId, baseUrl, store } = options;
  const allowInsecure = checkBoolean(
    OWNER,
    'allowInsecureRequests',
    withDefault(options.allowInsecureRequests, false),
  );
  if (resource === undefined && organizationId === undefined) {
    throw faultError(
      OWNER,
      `pass \`resource\` (the identifier of the API to call), \`organizationId\`, or both.`,
    );
  }
  return {
    endpoint: checkEndpoint(
      OWNER,
      'endpoint',
      checkText(OWNER, 'endpoint', options.endpoint),
      allowInsecure,
      "could read the app's secret",
    ),
    appId: checkCredential(OWNER, 'appId', checkText(OWNER, 'appId', options.appId)),
    appSecret: checkSecret(options.appSecret),
    resource: resource === undefined ? undefined : checkResource(OWNER, resource, ORGANIZATION_ADVICE),
    organizationId:
      organizationId === undefined ? undefined : checkText(OWNER, 'organizationId', organizationId),
    baseUrl: baseUrl === undefined ? undefined : checkBaseUrl(baseUrl, allowInsecure),
    scopes: checkScopeList(OWNER, withDefault(options.scopes, [])),
    refreshBefore: checkSeconds(OWNER, 'refreshBefore', withDefault(options.refreshBefore, 60), {
      min: 'zero',
      max: 3_600,
    }),
    timeout: checkSeconds(OWNER, 'timeout', withDefault(options.timeout, 10), {
      min: 'above zero',
      max: 300,
    }),
    store: store === undefined ? undefined : checkStore(OWNER, 'store', store),
    fetch: checkFetch(OWNER, options.fetch),
    allowInsecure,
  };
}

/** The message never contains the value. */
function checkSecret(value: unknown): string {
  if (typeof value === 'string' && value.trim() !== '') return checkCredential(OWNER, 'appSecret', value);
  throw faultError(
    OWNER,
    `\`appSecret\` must be the app's secret from the Logto Console, but is missing or blank.`,
  );
}

/** Adds a slash at the end, so that relative addresses resolve below the path. */
function checkBaseUrl(value: unknown, allowInsecure: boolean): URL {
  const url = checkAddress(
    OWNER,
    'baseUrl',
    value,
    'the address of the API, such as https://api.example',
    allowInsecure,
    'could read the token',
  );
  if (/[?#]/.test(url.href)) {
    throw faultError(OWNER, `\`baseUrl\` must not have a query or a fragment: ${show(value)}.`);
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}
