import { LOGTO_ALGORITHMS, ORGANIZATION_AUDIENCE } from '../checks/logto.js';
import { own } from '../checks/own.js';
import { checkScopes } from '../checks/scopes.js';
import { checkAudiences } from '../checks/uris.js';
import { checkBoolean, checkNames, checkText, type Owner, orElse, wrong } from '../checks/values.js';

/** How the issuer of a test is started. */
export interface StartTestLogtoOptions {
  /** The API resource indicator that tokens are issued for, unless they say otherwise. Default `https://api.test`. */
  readonly audience?: string | undefined;
  /** What it signs with: ES384, RS256, ES256, ES512 or PS256, as Logto can. Default ES384, Logto's own. */
  readonly alg?: string | undefined;
  /** The port on 127.0.0.1. Default 0: one that is free. */
  readonly port?: number | undefined;
}

/** What is to be in a token. Without any option it is one that Logto gives to an app without permissions. */
export interface TestTokenOptions {
  /** The app that asks. Default `test-app`. */
  readonly clientId?: string | undefined;
  /** Whose token it is. Default: the app's own. Any other makes it a user's token, which guards refuse by default. */
  readonly subject?: string | undefined;
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

/** How the keys are rotated. */
export interface RotateKeysOptions {
  /** What it signs with from now on. Default: the same as before. */
  readonly alg?: string | undefined;
  /** Whether the key before stays in the key set, as Logto keeps it. Default true. */
  readonly keepPrevious?: boolean | undefined;
}

/** Options with every default filled in and every check passed. */
type Resolved<T> = { readonly [Name in keyof T]-?: Exclude<T[Name], undefined> };

const DEFAULT_AUDIENCE = 'https://api.test';
const YEAR = 365 * 86_400;

/** @throws TypeError that names the option, what came, and what to pass */
export function resolveStart(given: StartTestLogtoOptions): Resolved<StartTestLogtoOptions> {
  const owner = 'startTestLogto';
  const options = checkNames(owner, given, ['audience', 'alg', 'port']);
  const port: unknown = orElse(options.port, 0);
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw wrong(owner, 'port', 'a port from 0 to 65535, where 0 is any that is free', port);
  }
  const audience = checkText(owner, 'audience', orElse(options.audience, DEFAULT_AUDIENCE));
  if (audience.startsWith(ORGANIZATION_AUDIENCE)) {
    throw new TypeError(
      `${owner}: \`audience\` is the indicator of an API resource. A token of the organization itself is got by ` +
        `issueToken({ audience: '${ORGANIZATION_AUDIENCE}<id>' }).`,
    );
  }
  checkAudiences(owner, audience);
  return { audience, alg: checkAlg(owner, orElse(options.alg, 'ES384')), port };
}

/** @throws TypeError that names the option, what came, and what to pass */
export function resolveRotation(given: RotateKeysOptions, alg: string): Resolved<RotateKeysOptions> {
  const owner = 'rotateKeys';
  const options = checkNames(owner, given, ['alg', 'keepPrevious']);
  return {
    alg: checkAlg(owner, orElse(options.alg, alg)),
    keepPrevious: checkBoolean(owner, 'keepPrevious', orElse(options.keepPrevious, true)),
  };
}

/** What is to be in a token, with every check passed. What is undefined is not to be there. */
export interface TokenPlan {
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
  const names: readonly (keyof TestTokenOptions)[] = [
    'clientId',
    'subject',
    'scopes',
    'audience',
    'organizationId',
    'expiresIn',
    'claims',
    'header',
  ];
  const options = checkNames(owner, given, names);
  const clientId = checkText(owner, 'clientId', orElse(options.clientId, 'test-app'));
  const audience = checkText(owner, 'audience', orElse(options.audience, ownAudience));
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
  return {
    clientId,
    subject: checkText(owner, 'subject', orElse(options.subject, clientId)),
    // Where there are no permissions, Logto writes an empty claim in a token of an organization, and none elsewhere.
    scope: resolveScope(owner, options.scopes) ?? (isOrganizations ? '' : undefined),
    audience,
    organizationId,
    expiresIn: checkExpiry(owner, orElse(options.expiresIn, 3_600)),
    claims: checkMembers(owner, 'claims', orElse(options.claims, {})),
    header: checkHeader(owner, orElse(options.header, {})),
  };
}

function resolveScope(owner: Owner, scopes: unknown): string | undefined {
  const areNone = scopes === undefined || (Array.isArray(scopes) && scopes.length === 0);
  return areNone ? undefined : checkScopes(owner, 'scopes', scopes).join(' ');
}

function checkAlg(owner: Owner, alg: unknown): string {
  if (typeof alg === 'string' && LOGTO_ALGORITHMS.includes(alg)) return alg;
  throw wrong(owner, 'alg', `what Logto can sign with, one of ${LOGTO_ALGORITHMS.join(', ')}`, alg);
}

function checkExpiry(owner: Owner, value: unknown): number {
  if (typeof value === 'number' && Math.abs(value) <= YEAR) return value;
  throw wrong(
    owner,
    'expiresIn',
    `a duration in seconds (not milliseconds), from -${YEAR} to ${YEAR}, below 0 for a token that has expired`,
    value,
  );
}

function checkMembers(owner: Owner, option: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw wrong(owner, option, 'an object', value);
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
