import {
  checkOrganization,
  type GuardedRequest,
  type OrganizationRule,
  type Settings,
} from '../options/logto-auth-options.js';
import { faultError, type Owner, optionError } from '../options/option-error.js';
import { checkScopes } from '../options/scopes.js';
import { checkAudiences } from '../options/uris.js';
import { checkBoolean, checkNames, withDefault } from '../options/values.js';
import { SET_IN_TIME } from '../util/environment.js';
import { ORGANIZATION_TOKEN } from '../verification/claims.js';
import type { Decide } from '../verification/decide.js';
import type { Requirement } from '../verification/requirement.js';
import { assertNotMounted } from './assert-not-mounted.js';
import { createGuard, type Guard } from './guard.js';
import type { ScopesInUse } from './scopes-in-use.js';

/** The options of one guard. */
export interface GuardOptions {
  /** API resource indicator or indicators; overrides the instance's audience. */
  readonly audience?: string | readonly string[] | undefined;
  /** The organization that a token must be valid for; overrides the instance's rule. */
  readonly organization?: OrganizationRule | undefined;
  /** Whether users' tokens are refused; overrides the instance's setting. */
  readonly machineOnly?: boolean | undefined;
}

/**
 * The organization whose token is required. It is read from the request, as in `(req) => req.params.organizationId`.
 */
export interface OrganizationGuardOptions {
  /** Returns the id of the organization that the request is about; undefined refuses the request. */
  readonly organization: (req: GuardedRequest) => string | undefined;
}

/** Takes scopes as separate arguments or as one list. A string with spaces counts as several scopes. */
export interface RequireScopes {
  // Any list may be spread, but an empty one is an error.
  <Scopes extends readonly string[]>(...scopes: Scopes['length'] extends 0 ? [scope: string] : Scopes): Guard;
  (scopes: readonly string[], options?: GuardOptions): Guard;
  // Last, so that the compiler reports the options if they are wrong.
  (...scopesAndOptions: [scope: string, ...scopes: string[], options: GuardOptions]): Guard;
}

/** Like `RequireScopes`, but the organization is required. */
export interface RequireOrganizationScopes {
  (scopes: readonly string[], options: OrganizationGuardOptions): Guard;
  (...scopesAndOptions: [scope: string, ...scopes: string[], options: OrganizationGuardOptions]): Guard;
}

/** The functions that create guards. Each throws a TypeError if an argument is wrong, where the guard is defined. */
export interface GuardMakers {
  /** Accepts tokens with all of these scopes. */
  readonly requireScopes: RequireScopes;
  /** Accepts tokens with at least one of these scopes. */
  readonly requireAnyScope: RequireScopes;
  /** Accepts organization tokens with all of these scopes: tokens that were requested without a resource. */
  readonly requireOrganizationScopes: RequireOrganizationScopes;
  /** Accepts every valid token, whatever its scopes. */
  readonly authenticate: (options?: GuardOptions) => Guard;
}

/** Creates the guard makers of one instance. */
export function createGuardMakers(
  settings: Settings,
  decide: Decide<GuardedRequest>,
  scopesInUse: ScopesInUse,
): GuardMakers {
  return {
    requireScopes: (...args: unknown[]) => {
      const { scopes, options } = readArguments('requireScopes', args);
      return guard('requireScopes', requirementOf('requireScopes', options, { scopes, anyScope: false }));
    },
    requireAnyScope: (...args: unknown[]) => {
      const { scopes, options } = readArguments('requireAnyScope', args);
      return guard('requireAnyScope', requirementOf('requireAnyScope', options, { scopes, anyScope: true }));
    },
    requireOrganizationScopes: (...args: unknown[]) => {
      const owner = 'requireOrganizationScopes';
      const { scopes, options } = readArguments(owner, args);
      const organization = checkOrganizationFunction(owner, options);
      const { machineOnly } = settings;
      return guard(owner, {
        audience: ORGANIZATION_TOKEN,
        machineOnly,
        organization,
        scopes,
        anyScope: false,
      });
    },
    authenticate: (...args: unknown[]) => {
      const [options, ...others] = args;
      assertNotMounted('authenticate', 'authenticate()', options);
      if (others.length > 0) throw faultError('authenticate', 'pass only one argument, the options.');
      return guard('authenticate', requirementOf('authenticate', options, { scopes: [], anyScope: false }));
    },
  };

  function guard(maker: string, requirement: Requirement<GuardedRequest>): Guard {
    scopesInUse.add(requirement);
    const { realm, resourceMetadata, getToken, onError } = settings;
    const challenge = { realm, resourceMetadata, scopes: requirement.scopes };
    return createGuard({ maker, decide, requirement, challenge, getToken, onError });
  }

  function requirementOf(
    owner: Owner,
    unchecked: unknown,
    scopes: Pick<Requirement<GuardedRequest>, 'scopes' | 'anyScope'>,
  ): Requirement<GuardedRequest> {
    const options = checkGuardOptions(owner, unchecked);
    const audience = options.audience ?? settings.audience;
    if (audience === undefined) {
      throw faultError(
        owner,
        `LOGTO_AUDIENCE, the indicator of your API resource in Logto, is not set, and no \`audience\` was ` +
          `passed. ${SET_IN_TIME}`,
      );
    }
    return {
      audience,
      machineOnly: options.machineOnly ?? settings.machineOnly,
      organization: options.organization ?? settings.organization,
      ...scopes,
    };
  }
}

/** Reads scopes, as arguments or as one list, and the options after them. */
function readArguments(
  owner: Owner,
  args: readonly unknown[],
): { scopes: readonly string[]; options: unknown } {
  const [first, second] = args;
  assertNotMounted(owner, `${owner}('read:products')`, first);
  if (Array.isArray(first)) {
    if (args.length > 2) throw faultError(owner, 'pass a list of scopes, followed only by the options.');
    return { scopes: readScopes(owner, first), options: second };
  }
  const last = args.at(-1);
  // Any other last argument is checked as a scope. An explicit undefined usually comes from a misspelt property, so it
  // is refused.
  const hasOptions = typeof last === 'object' && last !== null;
  const scopes = readScopes(owner, hasOptions ? args.slice(0, -1) : args);
  return { scopes, options: hasOptions ? last : undefined };
}

function readScopes(owner: Owner, scopes: readonly unknown[]): readonly string[] {
  if (scopes.length > 0) return checkScopes(owner, 'scopes', scopes);
  throw faultError(
    owner,
    `pass a scope, such as ${owner}('read:products'). To accept any valid token, use authenticate().`,
  );
}

interface CheckedGuardOptions {
  readonly audience: readonly string[] | undefined;
  readonly organization: OrganizationRule | undefined;
  readonly machineOnly: boolean | undefined;
}

function checkGuardOptions(owner: Owner, value: unknown): CheckedGuardOptions {
  const given = withDefault(value, {}) as GuardOptions;
  const { audience, organization, machineOnly } = checkNames(owner, given, {
    audience: true,
    organization: true,
    machineOnly: true,
  });
  return {
    audience: audience === undefined ? undefined : checkAudiences(owner, audience),
    organization: organization === undefined ? undefined : checkOrganization(owner, organization),
    machineOnly: machineOnly === undefined ? undefined : checkBoolean(owner, 'machineOnly', machineOnly),
  };
}

function checkOrganizationFunction(owner: Owner, value: unknown): OrganizationGuardOptions['organization'] {
  const given = withDefault(value, {}) as Partial<OrganizationGuardOptions>;
  const { organization } = checkNames(owner, given, { organization: true });
  if (typeof organization === 'function') return organization;
  throw optionError(
    owner,
    'organization',
    'a function such as (req) => req.params.organizationId',
    organization,
  );
}
