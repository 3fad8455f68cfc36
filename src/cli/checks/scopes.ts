import { meantBy } from '../../checks/spelling.js';
import { inARow } from '../words.js';
import { type Finding, ok, problem, skipped } from './finding.js';
import type { Wanted } from './granted-token.js';

/**
 * Which of the permissions came. Logto leaves the others out without a word, for a role that is missing and for a
 * name that it does not know alike.
 *
 * @param known - names that are spelt right for sure, as those in the API's own challenge
 */
export function checkScopes(wanted: Wanted, granted: readonly string[], known: readonly string[]): Finding {
  const { scopes } = wanted;
  if (scopes.length === 0) {
    return skipped('scopes', 'None was asked for; with --scope NAMES it is seen whether they are granted.');
  }
  const missing = scopes.filter((scope) => !granted.includes(scope));
  if (missing.length === 0) return ok('scopes', `Granted: ${inARow(granted)}`);
  const came =
    granted.length === 0
      ? 'The token has no permission at all'
      : `The token has ${inARow(granted)}, and more was asked for`;
  return problem('scopes', `${came}; not granted: ${inARow(missing)}.`, fixFor(missing, wanted, known));
}

function fixFor(missing: readonly string[], wanted: Wanted, known: readonly string[]): string {
  const { resource, organization, app } = wanted;
  const meant = missing.flatMap((scope) => {
    const name = meantBy(
      scope,
      known.filter((other) => !missing.includes(other)),
    );
    return name === undefined ? [] : [`${name} instead of ${scope}`];
  });
  if (meant.length > 0) return `A spelling mistake: did you mean ${inARow(meant)}?`;
  const names = inARow(missing);
  const place =
    resource === undefined
      ? 'Console > Organization template > Organization permissions'
      : `Console > API resources > ${resource} > Permissions`;
  const role =
    organization === undefined
      ? `assign app ${app.id} a machine-to-machine role that has ${names} (Console > Roles)`
      : `give app ${app.id} an organization role in ${organization} that has ${names} (Console > Organizations)`;
  return `No role of the app gives it: ${role}. Or it is misspelt: compare it with ${place}.`;
}
