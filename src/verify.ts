import type { AccessToken } from './access-token.js';
import type { Bare } from './checks/own.js';
import { checkScopes } from './checks/scopes.js';
import { checkAudiences } from './checks/uris.js';
import { checkBoolean, checkNames, optionError, show, withDefault } from './checks/values.js';
import { publishAuthorized, publishDenied } from './diagnostics.js';
import { asError, Refusal } from './errors.js';
import { toAuthError } from './middleware/answer.js';
import type { GuardedRequest, Settings } from './options.js';
import { ORGANIZATION_TOKEN } from './verification/claims.js';
import { Accepted, type Decide } from './verification/decide.js';
import type { Organization, Requirement } from './verification/requirement.js';

/** One organization of Logto's. */
export interface OrganizationId {
  /** Its id, as Logto gave it. */
  readonly id: string;
}

/** What `verify()` asks of a token. */
export interface VerifyOptions {
  /** All of these permissions. */
  readonly scopes?: string | readonly string[];
  /** At least one of these. */
  readonly anyScope?: string | readonly string[];
  /** API resource indicator or indicators, instead of the instance's. */
  readonly audience?: string | readonly string[] | undefined;
  /** Whether users' tokens are refused, instead of the instance's choice. */
  readonly machineOnly?: boolean | undefined;
  /** Which organization the token must hold for: any, none, or the one of that id. */
  readonly organization?: 'none' | 'optional' | 'required' | OrganizationId | undefined;
  /** The token must be this organization's own, as for `requireOrganizationScopes`. */
  readonly organizationToken?: OrganizationId;
}

/** Verifies a token for what is not Express. Rejects with an `AuthError`, or a TypeError for wrong options. */
export type Verify = (token: string, options?: VerifyOptions) => Promise<AccessToken>;

const OWNER = 'verify';
const NAMES: readonly (keyof VerifyOptions)[] = [
  'scopes',
  'anyScope',
  'audience',
  'machineOnly',
  'organization',
  'organizationToken',
];

/** Makes the `verify` of one instance. */
export function createVerify(settings: Settings, decide: Decide<GuardedRequest>): Verify {
  return async function verify(...args: readonly unknown[]) {
    // An undefined token is the caller's input. A call without any argument is a mistake in the program.
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
  // One that is there and undefined was misspelt elsewhere: it is checked, and refused.
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
  const { id } = checkNames(OWNER, own, ['id'], 'organizationToken.');
  return { ...common, audience: ORGANIZATION_TOKEN, organization: { id } };
}

function readAudience({ audience }: Bare<VerifyOptions>, settings: Settings): readonly string[] {
  const expected = audience === undefined ? settings.audience : checkAudiences(OWNER, audience);
  if (expected !== undefined) return expected;
  throw new TypeError(
    `${OWNER}: no audience. Set LOGTO_AUDIENCE, or pass \`audience\`, or \`organizationToken\`.`,
  );
}

function readRule(rule: VerifyOptions['organization'], settings: Settings): Organization<GuardedRequest> {
  if (rule === 'none' || rule === 'optional' || rule === 'required') return rule;
  if (rule !== undefined) {
    if (typeof rule !== 'object')
      throw optionError(OWNER, 'organization', "'none', 'optional', 'required' or { id }", rule);
    return { id: checkNames(OWNER, rule, ['id'], 'organization.').id };
  }
  // That function reads a request, and here is none.
  if (typeof settings.organization !== 'function') return settings.organization;
  throw new TypeError(
    `${OWNER}: pass \`organization\` or \`organizationToken\`, since the instance's rule is a function.`,
  );
}

function bothOf(one: keyof VerifyOptions, other: keyof VerifyOptions): TypeError {
  return new TypeError(`${OWNER}: pass \`${one}\` or \`${other}\`, not both.`);
}
