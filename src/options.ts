import { types } from 'node:util';
import type { NextFunction, Request, Response } from 'express';
import type { AccessToken } from './access-token.js';
import { fromEnvironment, variable } from './checks/environment.js';
import { checkFetch, type Fetch } from './checks/fetch.js';
import { type Issuer, type IssuerOptions, resolveIssuers } from './checks/issuers.js';
import { type JwksCacheOptions, type KeyTimesInSeconds, resolveJwksCache } from './checks/jwks-cache.js';
import { LOGTO_ALGORITHMS } from './checks/logto.js';
import { checkAudiences, checkResourceMetadata } from './checks/uris.js';
import {
  checkBoolean,
  checkCount,
  checkFunction,
  checkNames,
  checkSeconds,
  checkStrings,
  type Owner,
  optionError,
  show,
  withDefault,
} from './checks/values.js';
import type { AuthError } from './errors.js';
import type { KeyValueStore } from './keys/key-store.js';
import { ALGORITHMS } from './keys/verification-key.js';

/** A request as the functions in the options get it: with its path parameters as strings. */
export type GuardedRequest = Request<Record<string, string>>;

/**
 * Which organization a token must hold for.
 *
 * - `'none'`: of none; a token for one organization is refused
 * - `'required'`: of any, `'optional'`: of any or none; the handler then limits its data to `req.auth.organizationId`
 * - a function: of the one that the request is about, as `(req) => req.params.organizationId`
 */
export type OrganizationRule =
  | 'none'
  | 'optional'
  | 'required'
  | ((req: GuardedRequest) => string | undefined);

/** Everything that can be set. Each option is checked when the instance is made. Durations are in seconds. */
export interface LogtoAuthOptions {
  /** Base URL or URLs of Logto: tokens come from `<endpoint>/oidc`. Default: `LOGTO_ENDPOINT`. */
  readonly endpoint?: string | readonly string[] | undefined;
  /** Instead of `endpoint`. List only issuers that you would trust with every permission. */
  readonly issuers?: readonly IssuerOptions[] | undefined;
  /** API resource indicator or indicators; a token needs one of them, exactly. Default: `LOGTO_AUDIENCE`. */
  readonly audience?: string | readonly string[] | undefined;
  /** The organization rule of every guard that names none. Default `'none'`. */
  readonly organization?: OrganizationRule | undefined;
  /** Signature algorithms. Default: what Logto can sign with, ES384, RS256, ES256, ES512 and PS256. */
  readonly algorithms?: readonly string[] | undefined;
  /** How far Logto's clock and this one may differ. Default 5, at most 300. */
  readonly clockTolerance?: number | undefined;
  /**
   * A token issued longer ago is refused as `expired`, whatever its `exp`, and one issued in the future as
   * `not_yet_valid`; `clockTolerance` is granted. Default: none.
   */
  readonly maxTokenAge?: number | undefined;
  /** Whether users' tokens are refused. Default true; false takes them, and no organization rule protects those. */
  readonly machineOnly?: boolean | undefined;
  /** Verified tokens that are kept, so that their signature is checked once; false for none. */
  readonly tokenCache?:
    | false
    | {
        /** How many; the least recently used make room. Default 10 000. */
        readonly max?: number | undefined;
      }
    | undefined;
  /**
   * How many requests may wait at once for a signature check or keys of one issuer; as many for a key of that issuer
   * that is not known, and for `isRevoked`. Beyond it 503. Default 1 000.
   */
  readonly maxPending?: number | undefined;
  /** How Logto's keys are kept, and refreshed. */
  readonly jwksCache?: JwksCacheOptions | undefined;
  /**
   * Asked for every token that verifies, by `verify()` without `req`. Only `false` lets the token in. What it promises
   * is waited for no longer than `jwksCache.timeout`; then 503, `revocation_unavailable`.
   */
  readonly isRevoked?: ((token: AccessToken, req?: GuardedRequest) => boolean | Promise<boolean>) | undefined;
  /** Where the token is, if not in the Authorization header; undefined where there is none. */
  readonly getToken?: ((req: GuardedRequest) => string | undefined) | undefined;
  /** Answers refusals instead of the middleware. Its `next` can only fail. */
  readonly onError?:
    | ((error: AuthError, req: GuardedRequest, res: Response, next: NextFunction) => unknown)
    | undefined;
  /** Names the protected space in challenges (RFC 7235 section 2.2). Default `api`. */
  readonly realm?: string | undefined;
  /** URL of this API's metadata document, named in challenges (RFC 9728 section 5.1). */
  readonly resourceMetadata?: string | undefined;
  /** Instead of the global `fetch`. */
  readonly fetch?: Fetch | undefined;
  /** Lets keys be fetched by http from other hosts than this one. Default false. */
  readonly allowInsecureRequests?: boolean | undefined;
}

/** The options with every default filled in and every check passed; durations in seconds. */
export interface Settings {
  readonly issuers: readonly Issuer[];
  /** Undefined where the instance has none: an API can live on organization tokens alone. */
  readonly audience: readonly string[] | undefined;
  readonly organization: OrganizationRule;
  readonly algorithms: readonly string[];
  readonly clockTolerance: number;
  /** Undefined where the age of a token does not matter. */
  readonly maxTokenAge: number | undefined;
  readonly machineOnly: boolean;
  /** 0 for no cache. */
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
/** Seconds by which Logto's clock and this one may differ, where nobody has said otherwise. */
export const CLOCK_TOLERANCE = 5;
/** In seconds. */
const YEAR = 365 * 86_400;
const NAMES: readonly (keyof LogtoAuthOptions)[] = [
  'endpoint',
  'issuers',
  'audience',
  'organization',
  'algorithms',
  'clockTolerance',
  'maxTokenAge',
  'machineOnly',
  'tokenCache',
  'maxPending',
  'jwksCache',
  'isRevoked',
  'getToken',
  'onError',
  'realm',
  'resourceMetadata',
  'fetch',
  'allowInsecureRequests',
];

/**
 * Checks the options, and fills in the environment and the defaults.
 *
 * @throws TypeError that names the option, what came, and what to pass
 */
export function resolveOptions(given: LogtoAuthOptions, env: NodeJS.ProcessEnv): Settings {
  const options = checkNames(OWNER, given, NAMES);
  const { isRevoked, getToken, onError, resourceMetadata } = options;
  const allowInsecure = checkBoolean(
    OWNER,
    'allowInsecureRequests',
    withDefault(options.allowInsecureRequests, false),
  );
  // A variable is read only where its option is absent, and LOGTO_ENDPOINT not where `issuers` is given.
  const byVariable = options.endpoint === undefined && options.issuers === undefined;
  const endpoint = byVariable ? fromEnvironment(variable('LOGTO_ENDPOINT', env)) : options.endpoint;
  const endpointName = byVariable ? 'LOGTO_ENDPOINT' : 'endpoint';
  const audience = withDefault(options.audience, fromEnvironment(variable('LOGTO_AUDIENCE', env)));
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

/** What it returns must be there at once, which an async function never is. */
function checkGetToken(getToken: NonNullable<LogtoAuthOptions['getToken']>): typeof getToken {
  if (types.isAsyncFunction(getToken)) {
    throw new TypeError(
      `${OWNER}: \`getToken\` must return a string or undefined at once, so it cannot be an async function. ` +
        'Where the token has to be waited for, use verify() instead of a guard.',
    );
  }
  return checkFunction(OWNER, 'getToken', getToken);
}

/** @throws TypeError when it is no organization rule */
export function checkOrganization(owner: Owner, rule: unknown): OrganizationRule {
  if (rule === 'none' || rule === 'optional' || rule === 'required') return rule;
  if (typeof rule === 'function') return rule as OrganizationRule;
  const needed = "'none', 'optional', 'required' or a function as (req) => req.params.organizationId";
  throw optionError(owner, 'organization', needed, rule);
}

function checkAlgorithms(value: unknown): readonly string[] {
  const known: readonly string[] = ALGORITHMS;
  const algorithms = checkStrings(OWNER, 'algorithms', value, 'a signature algorithm as ES384');
  for (const alg of algorithms) {
    if (!known.includes(alg))
      throw optionError(OWNER, 'algorithms', `asymmetric ones: ${known.join(', ')}`, alg);
  }
  return algorithms;
}

function resolveTokenCache(value: LogtoAuthOptions['tokenCache']): number {
  if (value === false) return 0;
  const given: { readonly max?: number | undefined } = withDefault(value, {});
  if (typeof given !== 'object') throw optionError(OWNER, 'tokenCache', 'false or { max }', given);
  const options = checkNames(OWNER, given, ['max'], 'tokenCache.');
  return checkCount(OWNER, 'tokenCache.max', withDefault(options.max, 10_000));
}

/** What stands in a quoted string as it is (RFC 7230 section 3.2.6, without escapes and non-ASCII). */
function checkRealm(realm: unknown): string {
  if (typeof realm === 'string' && /^[ !#-[\]-~]+$/.test(realm)) return realm;
  throw new TypeError(`${OWNER}: \`realm\` must be printable ASCII without " and \\, not ${show(realm)}.`);
}
