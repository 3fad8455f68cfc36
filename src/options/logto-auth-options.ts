import { types } from 'node:util';
import type { NextFunction, Request, Response } from 'express';
import type { AccessToken } from '../access-token.js';
import type { AuthError } from '../errors.js';
import { ALGORITHMS } from '../keys/verification-key.js';
import { splitList, variable } from '../util/environment.js';
import type { KeyValueStore } from '../util/key-value-store.js';
import { LOGTO_ALGORITHMS } from '../util/logto.js';
import { checkFetch, type Fetch } from './fetch.js';
import { type Issuer, type IssuerOptions, resolveIssuers } from './issuers.js';
import { type JwksCacheOptions, type KeyTimesInSeconds, resolveJwksCache } from './jwks-cache.js';
import { faultError, type Owner, optionError, show } from './option-error.js';
import { checkAudiences, checkResourceMetadata } from './uris.js';
import {
  checkBoolean,
  checkCount,
  checkFunction,
  checkNames,
  checkSeconds,
  checkStrings,
  type OptionNames,
  withDefault,
  YEAR,
} from './values.js';

/** A request as the functions in the options receive it, with its path parameters as strings. */
export type GuardedRequest = Request<Record<string, string>>;

/**
 * The organization that a token must be valid for.
 *
 * - `'none'`: no organization; a token for one organization is refused
 * - `'required'`: any organization; `'optional'`: any or none; the handler then limits its data to
 *   `req.auth.organizationId`
 * - a function: the organization of the request, as in `(req) => req.params.organizationId`
 */
export type OrganizationRule =
  | 'none'
  | 'optional'
  | 'required'
  | ((req: GuardedRequest) => string | undefined);

/** The options of an instance. Each option is checked when the instance is created. Durations are in seconds. */
export interface LogtoAuthOptions {
  /** Base URL or URLs of Logto. Tokens are issued by `<endpoint>/oidc`. Default: `LOGTO_ENDPOINT`. */
  readonly endpoint?: string | readonly string[] | undefined;
  /** Replaces `endpoint`. List only issuers that you would trust with every permission. */
  readonly issuers?: readonly IssuerOptions[] | undefined;
  /** API resource indicator or indicators. A token's audience must match one exactly. Default: `LOGTO_AUDIENCE`. */
  readonly audience?: string | readonly string[] | undefined;
  /** The organization rule of every guard without its own. Default `'none'`. */
  readonly organization?: OrganizationRule | undefined;
  /** Accepted signature algorithms. Default: those that Logto supports, ES384, RS256, ES256, ES512 and PS256. */
  readonly algorithms?: readonly string[] | undefined;
  /** The maximum difference between Logto's clock and the local clock. Default 5, at most 300. */
  readonly clockTolerance?: number | undefined;
  /**
   * The maximum time since a token was issued, whatever its `exp`. An older token is refused as `expired`, and a
   * token issued in the future as `not_yet_valid`. `clockTolerance` applies to both. Default: none.
   */
  readonly maxTokenAge?: number | undefined;
  /** Whether users' tokens are refused. Default true; false accepts them, and no organization rule protects them. */
  readonly machineOnly?: boolean | undefined;
  /** The cache of verified tokens, so that each signature is checked once. False disables it. */
  readonly tokenCache?:
    | false
    | {
        /** The maximum number of tokens; the least recently used are evicted. Default 10 000. */
        readonly max?: number | undefined;
      }
    | undefined;
  /**
   * The maximum number of requests that wait at once for a signature check or for keys of one issuer. The same limit
   * applies separately to requests that wait for an unknown key of that issuer, and to those that wait for
   * `isRevoked`. Further requests receive a 503 response. Default 1 000.
   */
  readonly maxPending?: number | undefined;
  /** How Logto's keys are cached and refreshed. */
  readonly jwksCache?: JwksCacheOptions | undefined;
  /**
   * Called for every verified token; `verify()` passes no `req`. Only `false` accepts the token. A promise is awaited
   * for at most `jwksCache.timeout`; then the response is 503, `revocation_unavailable`.
   */
  readonly isRevoked?: ((token: AccessToken, req?: GuardedRequest) => boolean | Promise<boolean>) | undefined;
  /**
   * Replaces the Authorization header as the source of the token. Returns the token, or undefined if the request has
   * none. Must be synchronous; any other return value causes a TypeError.
   */
  readonly getToken?: ((req: GuardedRequest) => string | undefined) | undefined;
  /**
   * Sends the response for a refused request, instead of the middleware. Calling `next` always results in an error and
   * never accepts the request.
   */
  readonly onError?:
    | ((error: AuthError, req: GuardedRequest, res: Response, next: NextFunction) => unknown)
    | undefined;
  /** The name of the protected space in challenges (RFC 7235 section 2.2). Default `api`. */
  readonly realm?: string | undefined;
  /** The URL of this API's metadata document, named in challenges (RFC 9728 section 5.1). */
  readonly resourceMetadata?: string | undefined;
  /** Replaces the global `fetch`. */
  readonly fetch?: Fetch | undefined;
  /** Allows fetching keys over http from hosts other than this one. Default false. */
  readonly allowInsecureRequests?: boolean | undefined;
}

/** The checked options with all defaults; durations in seconds. */
export interface Settings {
  readonly issuers: readonly Issuer[];
  /** Undefined if the instance has none: an API may accept organization tokens only. */
  readonly audience: readonly string[] | undefined;
  readonly organization: OrganizationRule;
  readonly algorithms: readonly string[];
  readonly clockTolerance: number;
  /** Undefined for no limit. */
  readonly maxTokenAge: number | undefined;
  readonly machineOnly: boolean;
  /** 0 disables the cache. */
  readonly maxTokens: number;
  readonly maxPending: number;
  readonly jwksCache: KeyTimesInSeconds;
  readonly store: KeyValueStore | undefined;
  readonly isRevoked: LogtoAuthOptions['isRevoked'];
  readonly getToken: LogtoAuthOptions['getToken'];
  readonly onError: LogtoAuthOptions['onError'];
  readonly realm: string;
  readonly resourceMetadata: string | undefined;
  readonly fetch: typeof fetch;
}

const OWNER = 'createLogtoAuth';
/** The default maximum difference between Logto's clock and the local clock, in seconds. */
export const CLOCK_TOLERANCE = 5;
const NAMES: OptionNames<LogtoAuthOptions> = {
  endpoint: true,
  issuers: true,
  audience: true,
  organization: true,
  algorithms: true,
  clockTolerance: true,
  maxTokenAge: true,
  machineOnly: true,
  tokenCache: true,
  maxPending: true,
  jwksCache: true,
  isRevoked: true,
  getToken: true,
  onError: true,
  realm: true,
  resourceMetadata: true,
  fetch: true,
  allowInsecureRequests: true,
};

/**
 * Checks the options, and applies the environment and the defaults.
 *
 * @throws TypeError that names the option, the value received, and the value to pass
 */
export function resolveOptions(given: LogtoAuthOptions, env: NodeJS.ProcessEnv): Settings {
  const options = checkNames(OWNER, given, NAMES);
  const { isRevoked, getToken, onError, resourceMetadata } = options;
  const allowInsecure = checkBoolean(
    OWNER,
    'allowInsecureRequests',
    withDefault(options.allowInsecureRequests, false),
  );
  // A variable applies only if its option is absent; LOGTO_ENDPOINT only if `issuers` is absent, too.
  const byVariable = options.endpoint === undefined && options.issuers === undefined;
  const endpoint = byVariable ? splitList(variable('LOGTO_ENDPOINT', env)) : options.endpoint;
  const endpointName = byVariable ? 'LOGTO_ENDPOINT' : 'endpoint';
  const audience = withDefault(options.audience, splitList(variable('LOGTO_AUDIENCE', env)));
  const audienceName = options.audience === undefined ? 'LOGTO_AUDIENCE' : 'audience';
  const jwksCache = resolveJwksCache(OWNER, options.jwksCache);
  const clockTolerance = withDefault(options.clockTolerance, CLOCK_TOLERANCE);
  const { maxTokenAge } = options;
  return {
    issuers: resolveIssuers({
      owner: OWNER,
      endpoint,
      endpointName,
      issuers: options.issuers,
      allowInsecure,
    }),
    audience: audience === undefined ? undefined : checkAudiences(OWNER, audience, audienceName),
    organization: checkOrganization(OWNER, withDefault(options.organization, 'none')),
    algorithms: checkAlgorithms(withDefault(options.algorithms, LOGTO_ALGORITHMS)),
    clockTolerance: checkSeconds(OWNER, 'clockTolerance', clockTolerance, { min: 'zero', max: 300 }),
    maxTokenAge:
      maxTokenAge === undefined
        ? undefined
        : checkSeconds(OWNER, 'maxTokenAge', maxTokenAge, { min: 'above zero', max: YEAR }),
    machineOnly: checkBoolean(OWNER, 'machineOnly', withDefault(options.machineOnly, true)),
    maxTokens: resolveTokenCache(options.tokenCache),
    maxPending: checkCount(OWNER, 'maxPending', withDefault(options.maxPending, 1_000)),
    jwksCache: jwksCache.times,
    store: jwksCache.store,
    isRevoked: isRevoked === undefined ? undefined : checkFunction(OWNER, 'isRevoked', isRevoked),
    getToken: getToken === undefined ? undefined : checkGetToken(getToken),
    onError: onError === undefined ? undefined : checkFunction(OWNER, 'onError', onError),
    realm: checkRealm(withDefault(options.realm, 'api')),
    resourceMetadata:
      resourceMetadata === undefined ? undefined : checkResourceMetadata(OWNER, resourceMetadata),
    fetch: checkFetch(OWNER, options.fetch),
  };
}

/** Its result must be available synchronously, which an async function cannot provide. */
function checkGetToken(getToken: NonNullable<LogtoAuthOptions['getToken']>): typeof getToken {
  if (types.isAsyncFunction(getToken)) {
    throw faultError(
      OWNER,
      `\`getToken\` must return a string or undefined at once, so it cannot be an async function. ` +
        'If the token must be awaited, use verify() instead of a guard.',
    );
  }
  return checkFunction(OWNER, 'getToken', getToken);
}

/** @throws TypeError if the value is not an organization rule */
export function checkOrganization(owner: Owner, rule: unknown): OrganizationRule {
  if (rule === 'none' || rule === 'optional' || rule === 'required') return rule;
  if (typeof rule === 'function') return rule as OrganizationRule;
  const needed = "'none', 'optional', 'required' or a function such as (req) => req.params.organizationId";
  throw optionError(owner, 'organization', needed, rule);
}

function checkAlgorithms(value: unknown): readonly string[] {
  const known: readonly string[] = ALGORITHMS;
  const algorithms = checkStrings(OWNER, 'algorithms', value, 'a signature algorithm such as ES384');
  for (const alg of algorithms) {
    if (!known.includes(alg))
      throw optionError(OWNER, 'algorithms', `one or more of ${known.join(', ')}`, alg);
  }
  return algorithms;
}

function resolveTokenCache(value: LogtoAuthOptions['tokenCache']): number {
  if (value === false) return 0;
  const given: { readonly max?: number | undefined } = withDefault(value, {});
  if (typeof given !== 'object') throw optionError(OWNER, 'tokenCache', 'false or { max }', given);
  const options = checkNames(OWNER, given, { max: true }, 'tokenCache.');
  return checkCount(OWNER, 'tokenCache.max', withDefault(options.max, 10_000));
}

/** Accepts the characters that need no escape in a quoted-string (RFC 7230 section 3.2.6), ASCII only. */
function checkRealm(realm: unknown): string {
  if (typeof realm === 'string' && /^[ !#-[\]-~]+$/.test(realm)) return realm;
  throw faultError(OWNER, `\`realm\` must be printable ASCII without " and \\, not ${show(realm)}.`);
}
