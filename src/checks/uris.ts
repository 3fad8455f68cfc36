import { ORGANIZATION_AUDIENCE } from './logto.js';
import { withoutTrailing } from './trailing.js';
import { checkStrings, type Owner, optionError, show } from './values.js';

/** What may come of http where a key set is fetched. */
const FALSE_KEYS = 'could name keys of their own';
const ENDPOINT = 'the base URL of your Logto, as https://your-tenant.logto.app';
/** Where Logto has its protocol: below an endpoint, and no part of it. */
const OIDC_PATH = /\/oidc(\/.*)?$/i;

/**
 * A Logto endpoint in its normal form: host in lower case, no default port, no trailing slash, a path kept.
 *
 * @param risk - what an attacker on the network could do if the address were http
 * @throws TypeError when it is no such address, or is one of an endpoint's own pages
 */
export function checkEndpoint(
  owner: Owner,
  option: string,
  value: string,
  allowInsecure: boolean,
  risk = FALSE_KEYS,
): string {
  const url = checkAddress(owner, option, value, ENDPOINT, allowInsecure, risk);
  if (value.includes('?') || value.includes('#')) {
    throw new TypeError(`${owner}: \`${option}\` must have no query and no fragment: ${show(value)}.`);
  }
  const path = withoutTrailing(url.pathname, '/');
  if (OIDC_PATH.test(path)) {
    const base = url.origin + path.replace(OIDC_PATH, '');
    throw new TypeError(
      `${owner}: \`${option}\` must be the endpoint itself, without /oidc: pass ${show(base)}.`,
    );
  }
  return url.origin + path;
}

/**
 * An address that will be fetched: https, or http on this very machine.
 *
 * @param risk - what an attacker on the network could do if the address were http
 */
export function checkAddress(
  owner: Owner,
  option: string,
  value: unknown,
  needed: string,
  allowInsecure: boolean,
  risk = FALSE_KEYS,
): URL {
  checkFilledIn(owner, option, value);
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw optionError(owner, option, needed, value);
  if (url.username !== '' || url.password !== '') {
    throw new TypeError(`${owner}: \`${option}\` must hold no user name and password: ${show(value)}.`);
  }
  if (url.protocol === 'http:' && !allowInsecure && !isLoopback(url.hostname)) {
    throw new TypeError(
      `${owner}: \`${option}\` must be https, for whoever is between ${risk}: ${show(value)}. ` +
        'In a network that you trust, set allowInsecureRequests: true.',
    );
  }
  return url;
}

/** Of a host that an example names, or whose variable was not replaced. */
const PLACEHOLDER =
  /^[^/]*\/\/[^/?#]*([<>{}$]|%7b|(?<![\w-])(your[-_.](tenant|logto|endpoint|domain)([-_.](id|endpoint|domain|url))?|tenant[-_]id)(?![\w-]))/i;

/** @throws TypeError when it is an address with a part that has to be replaced */
export function checkFilledIn(owner: Owner, option: string, value: unknown): void {
  if (typeof value !== 'string' || !PLACEHOLDER.test(value)) return;
  throw new TypeError(
    `${owner}: \`${option}\` is still a placeholder: ${show(value)}. Replace it with the real address.`,
  );
}

/** An address for a message or a store: without the query, which may hold a secret. */
export function withoutQuery(uri: string): string {
  return uri.replace(/\?.*/, '');
}

function isLoopback(hostname: string): boolean {
  // Not *.localhost: Node asks the resolver for such names, and it may answer with any address.
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/**
 * One API resource indicator or several: absolute URIs without a fragment (RFC 8707 section 2).
 *
 * @throws TypeError when one is none, or is one that no API may trust
 */
export function checkAudiences(owner: Owner, value: unknown, option = 'audience'): readonly string[] {
  const audiences = checkStrings(owner, option, value, 'an API resource indicator');
  for (const audience of audiences) checkAudience(owner, option, audience);
  return audiences;
}

function checkAudience(owner: Owner, option: string, value: string): void {
  if (value.toLowerCase().startsWith(ORGANIZATION_AUDIENCE)) {
    throw new TypeError(
      `${owner}: \`${option}\` must not be ${show(value)}. For an organization's own tokens use ` +
        'requireOrganizationScopes(…, { organization }).',
    );
  }
  if (/^urn:logto:/i.test(value)) {
    throw new TypeError(
      `${owner}: \`${option}\` must not be ${show(value)}: Logto gives such tokens to any app, with any permission ` +
        'that it asks for, so they prove nothing. Pass the indicator of an API resource of yours.',
    );
  }
  if (!isUri(value)) {
    const needed =
      'an API resource indicator of Logto, an absolute URI without a fragment as https://shopping.api';
    throw new TypeError(optionError(owner, option, needed, value).message + adviceOnUri(value));
  }
}

function isUri(value: string): boolean {
  return /^[a-z][a-z\d+.-]*:[!$-;=?-Z[\]_a-z~]+$/i.test(value) && URL.canParse(value);
}

/** Logto registers any URL, and names it in `aud` as it was registered. A URI is ASCII (RFC 3986 section 2). */
function adviceOnUri(value: string): string {
  if (value !== value.trim()) return ' It begins or ends with white space: remove it.';
  if (!/^https?:\/\/[^#]+$/i.test(value) || !URL.canParse(value)) return '';
  const { href } = new URL(value);
  const uri = value.endsWith('/') ? href : withoutTrailing(href, '/');
  if (!isUri(uri)) return '';
  return ` Logto accepts such an identifier, but it is no URI: create the API resource there as ${show(uri)}, and pass that.`;
}

/** @throws TypeError when it is no URL that fits a challenge */
export function checkResourceMetadata(owner: Owner, value: unknown): string {
  const isUrl =
    typeof value === 'string' && /^https?:\/\/[!$-;=?-Z[\]_a-z~]+$/i.test(value) && URL.canParse(value);
  if (isUrl && !value.includes('@')) return value;
  const needed = 'the URL of the metadata document (RFC 9728), without a fragment or a password';
  throw optionError(owner, 'resourceMetadata', needed, value);
}
