import type { OwnAccessToken } from '../access-token.js';
import { Refusal } from '../refusal.js';
import { quote } from '../util/printable.js';
import { abandon } from '../util/promises.js';
import type { ExpectedAudience } from './claims.js';

/** The organization that a token must be valid for. A function derives it from the request; `id` is fixed. */
export type Organization<R> =
  | 'none'
  | 'optional'
  | 'required'
  | { readonly id: unknown }
  | ((request: R) => unknown);

/** The requirements of one route, or of one `verify()` call. A guard creates them once, where it is defined. */
export interface Requirement<R> {
  readonly audience: ExpectedAudience;
  readonly machineOnly: boolean;
  readonly organization: Organization<R>;
  /** The required permissions; empty if any valid token is accepted. */
  readonly scopes: readonly string[];
  /** Whether one of them is enough. */
  readonly anyScope: boolean;
}

/**
 * Performs the checks of a valid token that result in 403: machine, organization, scopes.
 *
 * @throws TypeError if the organization function returns a Promise
 */
export function checkRequirement<R>(
  token: OwnAccessToken,
  requirement: Requirement<R>,
  request?: R,
): Refusal | undefined {
  if (requirement.machineOnly && !token.isMachine) {
    return new Refusal(
      'machine',
      "The token's sub is a user, not its client_id. machineOnly: false accepts such tokens.",
    );
  }
  return wrongOrganization(token, requirement.organization, request) ?? missingScope(token, requirement);
}

function wrongOrganization<R>(
  token: OwnAccessToken,
  rule: Organization<R>,
  request?: R,
): Refusal | undefined {
  const held = token.organizationId;
  // Only guards have such a function, and they always have a request.
  if (typeof rule === 'function') return otherOrganization(held, rule(request as R));
  if (typeof rule === 'object') return otherOrganization(held, rule.id);
  if (rule === 'none' && held !== undefined) {
    const hint = `The token is limited to the organization ${quote(held)}, but no organization is allowed here.`;
    const fix = 'Set the `organization` option of the guard or of verify().';
    return new Refusal('organization', `${hint} ${fix}`);
  }
  if (rule === 'required' && held === undefined) {
    return new Refusal('organization', 'The token is for no organization: request it with organization_id.');
  }
  return undefined;
}

function otherOrganization(held: string | undefined, wanted: unknown): Refusal | undefined {
  if (abandon(wanted)) {
    throw new TypeError('The organization function must return a string at once, not a Promise.');
  }
  if (typeof wanted !== 'string' || wanted === '') {
    return new Refusal(
      'organization',
      `The required organization is ${quote(wanted)}, which is not an organization id.`,
    );
  }
  if (held === wanted) return undefined;
  const of = held === undefined ? 'no organization' : `the organization ${quote(held)}`;
  return new Refusal('organization', `The token is for ${of}; it must be for ${quote(wanted)}.`);
}

function missingScope(
  { scopes: granted }: OwnAccessToken,
  { scopes, anyScope }: { scopes: readonly string[]; anyScope: boolean },
): Refusal | undefined {
  if (anyScope ? grantsAny(granted, scopes) : grantsAll(granted, scopes)) return undefined;
  const missing = scopes.filter((scope) => !granted.includes(scope)).join(' ');
  const lack = `The token ${anyScope ? 'has none of' : 'lacks'} ${missing}`;
  const fix = 'Did the app request it, and does an M2M role of the app grant it?';
  return new Refusal('scope', `${lack}; it has ${quote(granted.join(' '))}. ${fix}`);
}

// Loops, since they run on every request: `some` and `every` would create a function each time.

function grantsAll(granted: readonly string[], scopes: readonly string[]): boolean {
  for (const scope of scopes) if (!granted.includes(scope)) return false;
  return true;
}

function grantsAny(granted: readonly string[], scopes: readonly string[]): boolean {
  for (const scope of scopes) if (granted.includes(scope)) return true;
  return false;
}
