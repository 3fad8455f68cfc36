import { SET_IN_TIME } from '../checks/environment.js';
import { checkScopes } from '../checks/scopes.js';
import { checkAudiences } from '../checks/uris.js';
import { checkBoolean, checkNames, type Owner, optionError, withDefault } from '../checks/values.js';
import { checkOrganization, type GuardedRequest, type OrganizationRule, type Settings } from '../options.js';
import { ORGANIZATION_TOKEN } from '../verification/claims.js';
import type { Decide } from '../verification/decide.js';
import type { Requirement } from '../verification/requirement.js';
import type { Guard } from './guard.js';
import { refuseRequest } from './refuse-request.js';
import { createGuard } from './require-scopes.js';
import type { ScopesInUse } from './scopes-in-use.js';

/** What one guard may have of its own. */
export interface GuardOptions {
  /** API resource indicator or indicators, instead of the instance's. */
  readonly audience?: string | readonly string[] | undefined;
  /** Which organization a token must hold for, instead of the instance's rule. */
  readonly organization?: OrganizationRule | undefined;
  /** Whether users' tokens are refused, instead of the instance's choice. */
  readonly machineOnly?: boolean | undefined;
}

/** Whose token it must be: answered from the request, as `(req) => req.params.organizationId`. */
export interface OrganizationGuardOptions {
  /** The id of the organization that the request is about; undefined refuses the request. */
  readonly organization: (req: GuardedRequest) => string | undefined;
}

/** Scopes as separate arguments or as one list; a string with spaces counts as several. */
export interface RequireScopes {
  // Any list may be spread, but an empty one is an error.
  <Scopes extends readonly string[]>(...scopes: Scopes['length'] extends 0 ? [scope: string] : Scopes): Guard;
  (scopes: readonly string[], options?: GuardOptions): Guard;
  // Last, so that the compiler speaks of the options where they are wrong.
  (...scopesAndOptions: [scope: string, ...scopes: string[], options: GuardOptions]): Guard;
}

/** The same, where the organization cannot be left out. */
export interface RequireOrganizationScopes {
  (scopes: readonly string[], options: OrganizationGuardOptions): Guard;
  (...scopesAndOptions: [scope: string, ...scopes: string[], options: OrganizationGuardOptions]): Guard;
}

/** What makes guards. Each throws a TypeError, where the guard is defined, for whatever is wrong with it. */
export interface GuardMakers {
  /** Lets tokens with all of these scopes through. */
  readonly requireScopes: RequireScopes;
  /** Lets tokens with at least one of these scopes through. */
  readonly requireAnyScope: RequireScopes;
  /** Lets an organization's own tokens with all of these scopes through: those asked for without a resource. */
  readonly requireOrganizationScopes: RequireOrganizationScopes;
  /** Lets every valid token through, whatever its scopes. */
  readonly authenticate: (options?: GuardOptions) => Guard;
}

/** Makes the guard makers of one instance. */
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
      refuseRequest('authenticate', 'authenticate()', options);
      if (others.length > 0) throw optionError('authenticate', 'options', 'the only argument', others[0]);
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
      throw new TypeError(
        `${owner}: LOGTO_AUDIENCE, the indicator of your API resource in Logto, is not set, and no \`audience\` was ` +
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

/** Scopes as arguments or as one list, and the options behind them. */
function readArguments(
  owner: Owner,
  args: readonly unknown[],
): { scopes: readonly string[]; options: unknown } {
  const [first, second] = args;
  refuseRequest(owner, `${owner}('read:products')`, first);
  if (Array.isArray(first)) {
    if (args.length > 2) throw optionError(owner, 'scopes', 'one list, with the options behind it', second);
    return { scopes: readScopes(owner, first), options: second };
  }
  const last = args.at(-1);
  // Whatever else comes last counts as a scope, and throws: an `undefined` is a scope misspelt elsewhere.
  const hasOptions = typeof last === 'object' && last !== null;
  const scopes = readScopes(owner, hasOptions ? args.slice(0, -1) : args);
  return { scopes, options: hasOptions ? last : undefined };
}

function readScopes(owner: Owner, scopes: readonly unknown[]): readonly string[] {
  if (scopes.length > 0) return checkScopes(owner, 'scopes', scopes);
  throw new TypeError(
    `${owner}: name a scope, as ${owner}('read:products'). For any valid token there is authenticate().`,
  );
}

interface CheckedGuardOptions {
  readonly audience: readonly string[] | undefined;
  readonly organization: OrganizationRule | undefined;
  readonly machineOnly: boolean | undefined;
}

function checkGuardOptions(owner: Owner, value: unknown): CheckedGuardOptions {
  const given = withDefault(value, {}) as GuardOptions;
  const { audience, organization, machineOnly } = checkNames(owner, given, [
    'audience',
    'organization',
    'machineOnly',
  ]);
  return {
    audience: audience === undefined ? undefined : checkAudiences(owner, audience),
    organization: organization === undefined ? undefined : checkOrganization(owner, organization),
    machineOnly: machineOnly === undefined ? undefined : checkBoolean(owner, 'machineOnly', machineOnly),
  };
}

function checkOrganizationFunction(owner: Owner, value: unknown): OrganizationGuardOptions['organization'] {
  const given = withDefault(value, {}) as Partial<OrganizationGuardOptions>;
  const { organization } = checkNames(owner, given, ['organization']);
  if (typeof organization === 'function') return organization;
  throw optionError(owner, 'organization', 'a function as (req) => req.params.organizationId', organization);
}
