import { adviceOnMissing } from '../../client/missing-scopes.js';
import { meantBy } from '../../util/spelling.js';
import { inARow } from '../words.js';
import { type Finding, OR_BY_SETUP, ok, problem, skipped } from './finding.js';
import type { Wanted } from './granted-token.js';

/** What the API itself has said of permissions. */
export interface NamedByApi {
  readonly scopes: readonly string[];
  /** Whether it has let the token in, though it was asked for nothing but what the API named: one of them can do. */
  readonly isContent: boolean;
}

/**
 * Which of the permissions came. Logto leaves the others out without a word, for a role that is missing and for a
 * name that it does not know alike.
 */
export function checkScopes(wanted: Wanted, granted: readonly string[], named: NamedByApi): Finding {
  const { scopes } = wanted;
  if (scopes.length === 0) {
    return skipped('scopes', 'Not requested: pass --scope NAMES to check whether they are granted.');
  }
  const missing = scopes.filter((scope) => !granted.includes(scope));
  if (missing.length === 0) return ok('scopes', `Granted: ${inARow(granted)}`);
  if (named.isContent) {
    const message = `Granted: ${inARow(granted)}; the API accepts the token without ${inARow(missing)}.`;
    return ok('scopes', message);
  }
  const came =
    granted.length === 0
      ? 'The token has no permission at all'
      : `The token has ${inARow(granted)}, but more was requested`;
  // What was asked for, too, is another permission and no other spelling.
  const known = named.scopes.filter((scope) => !scopes.includes(scope));
  return problem('scopes', `${came}; not granted: ${inARow(missing)}.`, fixFor(missing, wanted, known));
}

/** What to do about permissions that were asked for and not granted. */
export function adviceOnRoles(missing: readonly string[], { app, resource, organization }: Wanted): string {
  const advice = adviceOnMissing(missing, { appId: app.id, resource, organizationId: organization });
  return `${advice} ${OR_BY_SETUP}`;
}

function fixFor(missing: readonly string[], wanted: Wanted, known: readonly string[]): string {
  const meant = new Map(missing.map((scope) => [scope, meantBy(scope, known, slipsIn(scope))]));
  const misspelt = missing.filter((scope) => meant.get(scope) !== undefined);
  const others = missing.filter((scope) => meant.get(scope) === undefined);
  if (misspelt.length === 0) return adviceOnRoles(others, wanted);
  const guesses = misspelt.map((scope) => `${meant.get(scope)} instead of ${scope}`);
  const guess = `A spelling mistake, or a missing role: did you mean ${inARow(guesses)}?`;
  return others.length === 0 ? guess : `${guess} For ${inARow(others)}: ${adviceOnRoles(others, wanted)}`;
}

/** In a short name every other letter makes another name. */
function slipsIn(name: string): number {
  return Math.min(2, Math.floor(name.length / 5));
}
