import { faultError, type Owner, optionError } from '../options/option-error.js';
import { checkScopesIfAny } from '../options/scopes.js';
import { checkNames, checkText, type OptionNames, withDefault, YEAR } from '../options/values.js';
import { ORGANIZATION_AUDIENCE } from '../util/logto.js';
import { own } from '../util/own.js';

/** The options of `issueToken`. Without any, the token is one that Logto issues to an app without permissions. */
export interface TestTokenOptions {
  /** The app that the token is issued to. Default `test-app`. */
  readonly clientId?: string | undefined;
  /** The subject. Default: the app itself. Any other makes it a user's token, which guards refuse by default. */
  readonly subject?: string | undefined;
  /**
   * The signing key. Default `current`, the key of this Logto. `foreign` is a key that this Logto never had, with its
   * own `kid`. To make only the signature invalid, also pass the current `kid` in `header`.
   */
  readonly key?: 'current' | 'foreign' | undefined;
  /** The granted permissions: a list, or a string separated by spaces. Default none. */
  readonly scopes?: string | readonly string[] | undefined;
  /**
   * The audience. Default: the `audience` of the issuer. `urn:logto:organization:o1` makes it a token of the
   * organization o1 itself.
   */
  readonly audience?: string | undefined;
  /** The organization that the permissions for the API are limited to. Default: none, they are not limited. */
  readonly organizationId?: string | undefined;
  /**
   * Seconds until the token expires, at most a year. Default 3600. With -60 it expired a minute ago; guards tolerate
   * 5 seconds (their `clockTolerance`).
   */
  readonly expiresIn?: number | undefined;
  /** Claims to add or to replace. An undefined claim is removed. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
  /**
   * Members of the header to add, replace or remove. `alg` is always that of the key (`rotateKeys`), and `crit` is
   * not allowed.
   */
  readonly header?: Readonly<Record<string, unknown>> | undefined;
}

/** The checked content of a token. Undefined members are omitted. */
export interface TokenPlan {
  readonly isForeign: boolean;
  readonly clientId: string;
  readonly subject: string;
  readonly scope: string | undefined;
  readonly audience: string;
  readonly organizationId: string | undefined;
  readonly expiresIn: number;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly header: Readonly<Record<string, unknown>>;
}

/** @throws TypeError that names the option, the value received, and the value to pass */
export function resolveToken(given: TestTokenOptions, ownAudience: string): TokenPlan {
  const owner = 'issueToken';
  const names: OptionNames<TestTokenOptions> = {
    key: true,
    clientId: true,
    subject: true,
    scopes: true,
    audience: true,
    organizationId: true,
    expiresIn: true,
    claims: true,
    header: true,
  };
  const options = checkNames(owner, given, names);
  const clientId = checkText(owner, 'clientId', withDefault(options.clientId, 'test-app'));
  const audience = checkText(owner, 'audience', withDefault(options.audience, ownAudience));
  const isOrganizations = audience.startsWith(ORGANIZATION_AUDIENCE);
  const organizationId =
    options.organizationId === undefined
      ? undefined
      : checkText(owner, 'organizationId', options.organizationId);
  if (isOrganizations && organizationId !== undefined) {
    throw faultError(
      owner,
      `pass \`organizationId\` for a token for the API inside an organization, or an \`audience\` of ` +
        `${ORGANIZATION_AUDIENCE}<id> for a token of the organization itself, not both.`,
    );
  }
  const key: unknown = withDefault(options.key, 'current');
  if (key !== 'current' && key !== 'foreign') throw optionError(owner, 'key', "'current' or 'foreign'", key);
  return {
    isForeign: key === 'foreign',
    clientId,
    subject: checkText(owner, 'subject', withDefault(options.subject, clientId)),
    // Without permissions, Logto writes an empty claim in an organization's own token, and no claim in others.
    scope: checkScopesIfAny(owner, 'scopes', options.scopes).join(' ') || (isOrganizations ? '' : undefined),
    audience,
    organizationId,
    expiresIn: checkExpiry(owner, withDefault(options.expiresIn, 3_600)),
    claims: checkMembers(owner, 'claims', withDefault(options.claims, {})),
    header: checkHeader(owner, withDefault(options.header, {})),
  };
}

function checkExpiry(owner: Owner, value: unknown): number {
  if (typeof value === 'number' && Math.abs(value) <= YEAR) return value;
  throw optionError(
    owner,
    'expiresIn',
    `a duration in seconds (not milliseconds), from -${YEAR} to ${YEAR}, below 0 for a token that has expired`,
    value,
  );
}

/** @throws TypeError that names the option, the value received, and the value to pass */
export function checkMembers(
  owner: Owner,
  option: string,
  value: unknown,
): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw optionError(owner, option, 'an object', value);
}

function checkHeader(owner: Owner, value: unknown): Readonly<Record<string, unknown>> {
  const header = checkMembers(owner, 'header', value);
  if (Object.hasOwn(header, 'alg')) {
    throw faultError(owner, `\`header.alg\` is that of the key: call rotateKeys({ alg }) for another.`);
  }
  if (own(header, 'crit') !== undefined) {
    throw faultError(owner, `\`header.crit\` cannot be set: tokens of Logto have none.`);
  }
  return header;
}
