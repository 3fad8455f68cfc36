import { ORGANIZATION_AUDIENCE } from '../checks/logto.js';
import { own } from '../checks/own.js';
import { checkScopes } from '../checks/scopes.js';
import {
  checkNames,
  checkText,
  type OptionNames,
  type Owner,
  optionError,
  withDefault,
} from '../checks/values.js';

/** What is to be in a token. Without any option it is one that Logto gives to an app without permissions. */
export interface TestTokenOptions {
  /** The app that asks. Default `test-app`. */
  readonly clientId?: string | undefined;
  /** Whose token it is. Default: the app's own. Any other makes it a user's token, which guards refuse by default. */
  readonly subject?: string | undefined;
  /**
   * Which key signs it. Default `current`, that of this Logto. `foreign` is a key that this Logto never had, with a `kid`
   * of its own; with the `kid` of the current key in `header` the signature is what is wrong.
   */
  readonly key?: 'current' | 'foreign' | undefined;
  /** The permissions that it has: a list, or a string with spaces between them. Default none. */
  readonly scopes?: string | readonly string[] | undefined;
  /**
   * The API that it is for. Default: the issuer's `audience`. `urn:logto:organization:o1` makes it a token of the
   * organization o1 itself.
   */
  readonly audience?: string | undefined;
  /** The organization that its permissions for the API hold in. Default: none, they hold everywhere. */
  readonly organizationId?: string | undefined;
  /**
   * Seconds until it expires, at most a year. Default 3600. With -60 it expired a minute ago; guards forgive 5 seconds
   * (their `clockTolerance`).
   */
  readonly expiresIn?: number | undefined;
  /** Claims to add or to replace. One that is undefined takes the claim away. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
  /** Members of the header, likewise; but `alg` is that of the key (`rotateKeys`), and `crit` is never there. */
  readonly header?: Readonly<Record<string, unknown>> | undefined;
}

/** The longest that a token lives, in seconds. */
export const YEAR = 365 * 86_400;

/** What is to be in a token, with every check passed. What is undefined is not to be there. */
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

/** @throws TypeError that names the option, what came, and what to pass */
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
    throw new TypeError(
      `${owner}: pass \`organizationId\` for a token for the API inside an organization, or an \`audience\` of ` +
        `${ORGANIZATION_AUDIENCE}<id> for a token of the organization itself, not both.`,
    );
  }
  const key: unknown = withDefault(options.key, 'current');
  if (key !== 'current' && key !== 'foreign') throw optionError(owner, 'key', "'current' or 'foreign'", key);
  return {
    isForeign: key === 'foreign',
    clientId,
    subject: checkText(owner, 'subject', withDefault(options.subject, clientId)),
    // Where there are no permissions, Logto writes an empty claim in a token of an organization, and none elsewhere.
    scope: scopesIn(owner, 'scopes', options.scopes).join(' ') || (isOrganizations ? '' : undefined),
    audience,
    organizationId,
    expiresIn: checkExpiry(owner, withDefault(options.expiresIn, 3_600)),
    claims: checkMembers(owner, 'claims', withDefault(options.claims, {})),
    header: checkHeader(owner, withDefault(options.header, {})),
  };
}

/** Scopes, of which there may be none. @throws TypeError that names the option, what came, and what to pass */
export function scopesIn(owner: Owner, option: string, scopes: unknown): readonly string[] {
  const areNone = scopes === undefined || scopes === '' || (Array.isArray(scopes) && scopes.length === 0);
  return areNone ? [] : checkScopes(owner, option, scopes);
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

/** @throws TypeError that names the option, what came, and what to pass */
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
    throw new TypeError(`${owner}: \`header.alg\` is that of the key: call rotateKeys({ alg }) for another.`);
  }
  if (own(header, 'crit') !== undefined) {
    throw new TypeError(`${owner}: \`header.crit\` cannot be set: no token of Logto's has any.`);
  }
  return header;
}
