import { type KeyList, keysFromJwks } from '../keys/verification-key.js';
import { withoutTrailing } from '../util/addresses.js';
import { SET_IN_TIME } from '../util/environment.js';
import { faultError, type Owner, optionError, show } from './option-error.js';
import { checkAddress, checkEndpoint, checkFilledIn } from './uris.js';
import { checkNames, checkStrings, withDefault } from './values.js';

/** An issuer by its exact `iss`, for keys that are not at the usual address below the endpoint. */
export interface IssuerOptions {
  /** The `iss` of its tokens, compared as given. */
  readonly issuer: string;
  /** The address of its keys, which this process must be able to reach. Default: `<issuer>/jwks`. */
  readonly jwksUri?: string | undefined;
  /** Its keys, as a JWK Set (RFC 7517 section 5). Nothing is fetched if they are given. */
  readonly jwks?:
    | {
        /** The public keys, each a JWK (RFC 7517 section 4). */
        readonly keys: readonly object[];
      }
    | undefined;
}

/** A checked issuer: its `iss`, and its keys or their address. */
export interface Issuer {
  readonly issuer: string;
  /** The address of its keys; undefined if they are pinned. */
  readonly jwksUri: string | undefined;
  /** The pinned keys; undefined if they are fetched. */
  readonly keys: KeyList | undefined;
}

interface Given {
  readonly owner: Owner;
  readonly endpoint: string | readonly string[] | undefined;
  /** The name of the option or variable that sets it. */
  readonly endpointName: string;
  readonly issuers: readonly IssuerOptions[] | undefined;
  readonly allowInsecure: boolean;
}

/**
 * Returns the trusted issuers, which are given one by one or by their endpoints.
 *
 * @throws TypeError if there is none, if both are given, or if one is invalid
 */
export function resolveIssuers(given: Given): readonly Issuer[] {
  const { owner, endpoint, issuers, allowInsecure } = given;
  if (issuers === undefined) return byEndpoint(given);
  if (endpoint !== undefined) throw faultError(owner, `pass \`endpoint\` or \`issuers\`, not both.`);
  if (!Array.isArray(issuers) || issuers.length === 0) {
    throw optionError(owner, 'issuers', 'a list of { issuer, jwksUri } or { issuer, jwks }', issuers);
  }
  const resolved = Array.from(issuers, (one, index) =>
    byIssuer(owner, one, `issuers[${index}]`, allowInsecure),
  );
  for (const [index, { issuer }] of resolved.entries()) {
    if (resolved.findIndex((other) => other.issuer === issuer) === index) continue;
    throw faultError(owner, `\`issuers\` names ${show(issuer)} twice: one issuer has one key set.`);
  }
  return resolved;
}

function byEndpoint({ owner, endpoint, endpointName: name, allowInsecure }: Given): Issuer[] {
  if (endpoint === undefined) {
    throw faultError(
      owner,
      `LOGTO_ENDPOINT, the base URL of your Logto, is not set, and neither \`endpoint\` nor \`issuers\` ` +
        `was passed. ${SET_IN_TIME}`,
    );
  }
  const what = 'the base URL of your Logto';
  const endpoints = checkStrings(owner, name, endpoint, what).map((one) =>
    checkEndpoint(owner, name, one, allowInsecure),
  );
  return [...new Set(endpoints)].map((base) => ({
    issuer: `${base}/oidc`,
    jwksUri: `${base}/oidc/jwks`,
    keys: undefined,
  }));
}

function byIssuer(owner: Owner, given: IssuerOptions, path: string, allowInsecure: boolean): Issuer {
  const options = checkNames(owner, given, { issuer: true, jwksUri: true, jwks: true }, `${path}.`);
  const { issuer, jwks } = options;
  checkFilledIn(owner, `${path}.issuer`, issuer);
  if (typeof issuer !== 'string' || !/^https?:\/\/./.test(issuer) || !URL.canParse(issuer)) {
    throw optionError(
      owner,
      `${path}.issuer`,
      'the exact iss of its tokens, such as https://your-tenant.logto.app/oidc',
      issuer,
    );
  }
  if (jwks !== undefined) {
    if (options.jwksUri !== undefined) {
      throw faultError(owner, `pass \`${path}.jwksUri\` or \`${path}.jwks\`, not both.`);
    }
    return { issuer, jwksUri: undefined, keys: pinnedKeys(owner, `${path}.jwks`, jwks) };
  }
  const jwksUri = withDefault(options.jwksUri, `${withoutTrailing(issuer, '/')}/jwks`);
  const option = options.jwksUri === undefined ? `${path}.issuer` : `${path}.jwksUri`;
  const { href } = checkAddress(owner, option, jwksUri, "the URL of the issuer's keys", allowInsecure);
  return { issuer, jwksUri: href, keys: undefined };
}

function pinnedKeys(owner: Owner, option: string, jwks: unknown): KeyList {
  try {
    return keysFromJwks(jwks);
  } catch (error) {
    throw faultError(
      owner,
      `\`${option}\` must be a JWK Set with public signing keys, but ${(error as Error).message}.`,
    );
  }
}
