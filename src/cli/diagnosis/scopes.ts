import { adviceOnMissing } from '../../client/missing-scopes.js';
import { closestScope } from '../../util/spelling.js';
import { joinWords } from '../words.js';
import { type Finding, OR_BY_SETUP, ok, problem, skipped } from './finding.js';
import type { Wanted } from './granted-token.js';

/** The permissions that the API itself has named. */
export interface NamedByApi {
  readonly scopes: readonly string[];
  /** Whether the API accepted a token for which only the named permissions were requested: one of them may suffice. */
  readonly acceptsGranted: boolean;
}

/**
 * Checks which of the permissions were granted. Logto silently omits a permission both if a role is missing and if it
 * does not know the name.
 */
export function checkGrantedScopes(wanted: Wanted, granted: readonly string[], named: NamedByApi): Finding {
  const { scopes } = wanted;
  if (scopes.length === 0) {
    return skipped('scopes', 'Not requested: pass --scope NAMES to check whether they are granted.');
  }
  const missing = scopes.filter((scope) => !granted.includes(scope));
  if (missing.length === 0) return ok('scopes', `Granted: ${joinWords(granted)}`);
  if (named.acceptsGranted) {
    const message = `Granted: ${joinWords(granted)}; the API accepts the token without ${joinWords(missing)}.`;
    return ok('scopes', message);
  }
  const received =
    granted.length === 0
      ? 'The token has no permission at all'
      : `The token has ${joinWords(granted)}, but more was requested`;
  // A scope that was also requested is another permission, not another spelling.
  const known = named.scopes.filter((scope) => !scopes.includes(scope));
  return problem(
    'scopes',
    `${received}; not granted: ${joinWords(missing)}.`,
    fixFor(missing, wanted, known),
  );
}

/** Returns the fix for permissions that were requested and not granted. */
export function adviceOnRoles(missing: readonly string[], { app, resource, organization }: Wanted): string {
  const advice = adviceOnMissing(missing, { appId: app.id, resource, organizationId: organization });
  return `${advice} ${OR_BY_SETUP}`;
}

function fixFor(missing: readonly string[], wanted: Wanted, known: readonly string[]): string {
  const meant = new Map(missing.map((scope) => [scope, closestScope(scope, known)]));
  const misspelt = missing.filter((scope) => meant.get(scope) !== undefined);
  const others = missing.filter((scope) => meant.get(scope) === undefined);
  if (misspelt.length === 0) return adviceOnRoles(others, wanted);
  const guesses = misspelt.map((scope) => `${meant.get(scope)} instead of ${scope}`);
  const guess = `A spelling mistake, or a missing role: did you mean ${joinWords(guesses)}?`;
  return others.length === 0 ? guess : `${guess} For ${joinWords(others)}: ${adviceOnRoles(others, wanted)}`;
}
