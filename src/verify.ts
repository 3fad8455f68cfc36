import type { AccessToken } from './access-token.js';
import { toAuthError } from './challenge.js';
import { publishAuthorized, publishDenied } from './diagnostics.js';
import type { GuardedRequest, Settings } from './options/logto-auth-options.js';
import { faultError, optionError, show } from './options/option-error.js';
import { checkScopes } from './options/scopes.js';
import { checkAudiences } from './options/uris.js';
import { checkBoolean, checkNames, type OptionNames, withDefault } from './options/values.js';
import { Refusal } from './refusal.js';
import type { Bare } from './util/own.js';
import { asError } from './util/thrown.js';
import { ORGANIZATION_TOKEN } from './verification/claims.js';
import { Accepted, type Decide } from './verification/decide.js';
import type { Organization, Requirement } from './verification/requirement.js';

/** A Logto organization. */
export interface OrganizationId {
  /** Its id in Logto. */
  readonly id: string;
}

/** The requirements that `verify()` checks. */
export interface VerifyOptions {
  /** The token must have all of these permissions. */
  readonly scopes?: string | readonly string[];
  /** The token must have at least one of these permissions. */
  readonly anyScope?: string | readonly string[];
  /** API resource indicator or indicators; overrides the instance's audience. */
  readonly audience?: string | readonly string[] | undefined;
  /** Whether users' tokens are refused; overrides the instance's setting. */
  readonly machineOnly?: boolean | undefined;
  /**
   * The organization that the token must be valid for: `'none'` accepts only tokens without an organization,
   * `'required'` those of any organization, `'optional'` both, and `{ id }` those of this organization. Default: the
   * instance's rule, unless that is a function.
   */
  readonly organization?: 'none' | 'optional' | 'required' | OrganizationId | undefined;
  /** The token must be an organization token of this organization, as for `requireOrganizationScopes`. */
  readonly organizationToken?: OrganizationId;
}

/** Verifies a token outside Express. Rejects with an `AuthError`, or with a TypeError for wrong options. */
export type Verify = (token: string, options?: VerifyOptions) => Promise<AccessToken>;

const OWNER = 'verify';
const ORGANIZATION_ADVICE = ' To require an organization token, pass organizationToken: { id }.';
const NAMES: OptionNames<VerifyOptions> = {
  scopes: true,
  anyScope: true,
  audience: true,
  machineOnly: true,
  organization: true,
  organizationToken: true,
};

/** Creates the `verify` function of one instance. */
export function createVerify(settings: Settings, decide: Decide<GuardedRequest>): Verify {
  return async function verify(...args: readonly unknown[]) {
    // An undefined token is input from the client. A call without arguments is a programming error.
    if (args.length === 0) throw optionError(OWNER, 'token', 'passed, as verify(token)', undefined);
    const [token, options = {}] = args;
    const requirement = readOptions(options as VerifyOptions, settings);
    const decision = await decideOn(token, requirement);
    if (decision instanceof Accepted) {
      publishAuthorized(decision.token, decision.cached);
      return decision.token;
    }
    const { realm, resourceMetadata } = settings;
    const error = toAuthError(decision, { realm, resourceMetadata, scopes: requirement.scopes });
    publishDenied(error);
    throw error;
  };

  async function decideOn(token: unknown, requirement: Requirement<GuardedRequest>) {
    if (token === undefined || token === '') return new Refusal('no_token', 'verify was given no token.');
    if (typeof token !== 'string') {
      return new Refusal('malformed', `verify was given ${show(token)}, and a token is a string.`);
    }
    try {
      return await decide(token, requirement);
    } catch (thrown) {
      throw asError(thrown);
    }
  }
}

function readOptions(given: VerifyOptions, settings: Settings): Requirement<GuardedRequest> {
  const options = checkNames(OWNER, given, NAMES);
  const { organization, organizationToken: own } = options;
  if ('scopes' in options && 'anyScope' in options) throw bothOf('scopes', 'anyScope');
  // An explicit undefined usually comes from a misspelt property, so it is refused.
  const name = (['scopes', 'anyScope'] as const).find((option) => option in options);
  const common = {
    machineOnly: checkBoolean(OWNER, 'machineOnly', withDefault(options.machineOnly, settings.machineOnly)),
    scopes: name === undefined ? [] : checkScopes(OWNER, name, options[name]),
    anyScope: name === 'anyScope',
  };
  if (!('organizationToken' in options)) {
    return {
      ...common,
      audience: readAudience(options, settings),
      organization: readRule(organization, settings),
    };
  }
  if (organization !== undefined) throw bothOf('organization', 'organizationToken');
  if (options.audience !== undefined) throw bothOf('audience', 'organizationToken');
  const { id } = checkNames(OWNER, own, { id: true }, 'organizationToken.');
  return { ...common, audience: ORGANIZATION_TOKEN, organization: { id } };
}

function readAudience({ audience }: Bare<VerifyOptions>, settings: Settings): readonly string[] {
  const expected =
    audience === undefined
      ? settings.audience
      : checkAudiences(OWNER, audience, 'audience', ORGANIZATION_ADVICE);
  if (expected !== undefined) return expected;
  throw faultError(OWNER, `no audience. Set LOGTO_AUDIENCE, or pass \`audience\`, or \`organizationToken\`.`);
}

function readRule(rule: VerifyOptions['organization'], settings: Settings): Organization<GuardedRequest> {
  if (rule === 'none' || rule === 'optional' || rule === 'required') return rule;
  if (rule !== undefined) {
    if (typeof rule !== 'object')
      throw optionError(OWNER, 'organization', "'none', 'optional', 'required' or { id }", rule);
    return { id: checkNames(OWNER, rule, { id: true }, 'organization.').id };
  }
  // The function reads a request, and `verify` has none.
  if (typeof settings.organization !== 'function') return settings.organization;
  throw faultError(
    OWNER,
    `pass \`organization\` or \`organizationToken\`, since the instance's rule is a function.`,
  );
}

function bothOf(one: keyof VerifyOptions, other: keyof VerifyOptions): TypeError {
  return faultError(OWNER, `pass \`${one}\` or \`${other}\`, not both.`);
}
