import { withoutTrailing } from '../util/addresses.js';
import { ORGANIZATION_AUDIENCE } from '../util/logto.js';
import { faultError, type Owner, optionError, show } from './option-error.js';
import { checkStrings } from './values.js';

/** What an attacker on the network could do if a key set is fetched over http. */
const RISK_FOR_KEYS = 'could supply their own keys';
const ENDPOINT = 'the base URL of your Logto, such as https://your-tenant.logto.app';
/** The path of Logto's OIDC endpoints, which is not part of the base URL. */
const OIDC_PATH = /\/oidc(\/.*)?$/i;

/**
 * Normalizes a Logto endpoint: host in lower case, no default port, no trailing slash, path kept.
 *
 * @param risk - what an attacker on the network could do if the address used http
 * @throws TypeError if the value is not such an address, or is one of the pages below an endpoint
 */
export function checkEndpoint(
  owner: Owner,
  option: string,
  value: string,
  allowInsecure: boolean,
  risk = RISK_FOR_KEYS,
): string {
  const url = checkAddress(owner, option, value, ENDPOINT, allowInsecure, risk);
  if (value.includes('?') || value.includes('#')) {
    throw faultError(owner, `\`${option}\` must not have a query or a fragment: ${show(value)}.`);
  }
  const path = withoutTrailing(url.pathname, '/');
  if (OIDC_PATH.test(path)) {
    const base = url.origin + path.replace(OIDC_PATH, '');
    throw faultError(owner, `\`${option}\` must be the endpoint itself, without /oidc: pass ${show(base)}.`);
  }
  return url.origin + path;
}

/**
 * Checks an address that will be fetched: https, or http on this host.
 *
 * @param risk - what an attacker on the network could do if the address used http
 */
export function checkAddress(
  owner: Owner,
  option: string,
  value: unknown,
  needed: string,
  allowInsecure: boolean,
  risk = RISK_FOR_KEYS,
): URL {
  checkFilledIn(owner, option, value);
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw optionError(owner, option, needed, value);
  checkNoCredentials(owner, option, url, value);
  if (url.protocol === 'http:' && !allowInsecure && !isLoopback(url.hostname)) {
    throw faultError(
      owner,
      `\`${option}\` must be https, since an attacker on the network ${risk}: ${show(value)}.`,
      'allow http',
    );
  }
  return url;
}

function checkNoCredentials(owner: Owner, option: string, { username, password }: URL, value: unknown): void {
  if (username === '' && password === '') return;
  throw faultError(owner, `\`${option}\` must not contain a user name or a password: ${show(value)}.`);
}

/** Matches a host from an example, or with a variable that was not replaced. */
const PLACEHOLDER =
  /^[^/]*\/\/[^/?#]*([<>{}$]|%7b|(?<![\w-])(your[-_.](tenant|logto|endpoint|domain)([-_.](id|endpoint|domain|url))?|tenant[-_]id)(?![\w-]))/i;

/** @throws TypeError if the address has a placeholder */
export function checkFilledIn(owner: Owner, option: string, value: unknown): void {
  if (typeof value !== 'string' || !PLACEHOLDER.test(value)) return;
  throw faultError(
    owner,
    `\`${option}\` is still a placeholder: ${show(value)}. Replace it with the real address.`,
  );
}

function isLoopback(hostname: string): boolean {
  // Not *.localhost: Node resolves such names by DNS, which may return any address.
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/**
 * Checks API resource indicators: absolute URIs without a fragment (RFC 8707 section 2).
 *
 * @param organizationAdvice - what to do instead for the audience of an organization token. Default: use a guard for
 *   organization tokens
 * @throws TypeError if one is not such a URI, or must not be trusted by an API
 */
export function checkAudiences(
  owner: Owner,
  value: unknown,
  option = 'audience',
  organizationAdvice?: string,
): readonly string[] {
  const audiences = checkStrings(owner, option, value, 'an API resource indicator');
  for (const audience of audiences) checkAudience(owner, option, audience, organizationAdvice);
  return audiences;
}

/** Checks the option `resource`, a single API resource indicator, as `checkAudiences` does. */
export function checkResource(owner: Owner, value: unknown, organizationAdvice: string): string {
  if (typeof value !== 'string' || value.trim() === '') {
    throw optionError(owner, 'resource', 'one API resource indicator', value);
  }
  checkAudience(owner, 'resource', value, organizationAdvice);
  return value;
}

function checkAudience(
  owner: Owner,
  option: string,
  value: string,
  organizationAdvice: string | undefined,
): void {
  if (value.toLowerCase().startsWith(ORGANIZATION_AUDIENCE)) {
    const text = `\`${option}\` must not be ${show(value)}.`;
    throw organizationAdvice === undefined
      ? faultError(owner, text, 'organization tokens')
      : faultError(owner, text + organizationAdvice);
  }
  if (/^urn:logto:/i.test(value)) {
    throw faultError(
      owner,
      `\`${option}\` must not be ${show(value)}: Logto issues such tokens to any app, with any permission ` +
        'that it requests, so they prove nothing. Pass the indicator of your API resource.',
    );
  }
  if (!isUri(value)) {
    const needed =
      'an API resource indicator of Logto, an absolute URI without a fragment, such as https://shopping.api';
    throw optionError(owner, option, needed, value, adviceOnUri(value));
  }
}

function isUri(value: string): boolean {
  return /^[a-z][a-z\d+.-]*:[!$-;=?-Z[\]_a-z~]+$/i.test(value) && URL.canParse(value);
}

/** Logto accepts any URL as an identifier, and uses it unchanged in `aud`. A URI is ASCII (RFC 3986 section 2). */
function adviceOnUri(value: string): string {
  if (value !== value.trim()) return ' It begins or ends with white space: remove it.';
  if (!/^https?:\/\/[^#]+$/i.test(value) || !URL.canParse(value)) return '';
  const { href } = new URL(value);
  const uri = value.endsWith('/') ? href : withoutTrailing(href, '/');
  if (!isUri(uri)) return '';
  return ` Logto accepts such an identifier, but it is not a URI: create the API resource there as ${show(uri)}, and pass that.`;
}

/** @throws TypeError if the value is not a URL that fits a challenge */
export function checkResourceMetadata(owner: Owner, value: unknown): string {
  const option = 'resourceMetadata';
  const isUrl =
    typeof value === 'string' && /^https?:\/\/[!$-;=?-Z[\]_a-z~]+$/i.test(value) && URL.canParse(value);
  if (!isUrl) {
    const needed = 'the URL of the metadata document (RFC 9728), without a fragment';
    throw optionError(owner, option, needed, value);
  }
  checkNoCredentials(owner, option, new URL(value), value);
  return value;
}
