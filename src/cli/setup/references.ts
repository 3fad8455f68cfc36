import { faultOf, show } from '../../options/option-error.js';
import { checkAudiences } from '../../options/uris.js';
import { closestOption } from '../../util/spelling.js';
import { joinWords } from '../words.js';
import { pathOf } from './schema.js';
import type { ApiPermission, Setup } from './setup.js';

/**
 * Checks the rules that the schema cannot express: an indicator is a URI, a name occurs once, and each reference has
 * its entry in the file.
 *
 * @returns one sentence for each fault, with its place in the file
 */
export function checkReferences(setup: Setup): readonly string[] {
  const { apis, roles, apps, organizationPermissions, organizationRoles, organizations } = setup;
  const faults = new Faults();
  const [roleNames, appNames, organizationRoleNames] = [roles, apps, organizationRoles].map(namesOf);
  const permissionsOf = new Map(apis.map((api) => [api.indicator, namesOf(api.permissions)]));

  const all = [apis, roles, apps, organizationPermissions, organizationRoles, organizations];
  if (all.every((entries) => entries.length === 0)) faults.add('the file', 'it describes nothing.');
  for (const { indicator } of apis) faults.addThrown('api', () => checkAudiences('', indicator, 'indicator'));
  for (const { indicator } of apis.filter((api) => api.indicator.includes(','))) {
    faults.add(
      'api',
      `the indicator ${show(indicator)} has a comma, which separates values in LOGTO_AUDIENCE.`,
    );
  }
  faults.addRepeated(
    'api',
    'indicator',
    apis.map(({ indicator }) => indicator),
  );
  for (const [path, entries] of Object.entries({
    api: apis,
    roles,
    apps,
    organizationRoles,
    organizations,
  })) {
    faults.addRepeated(path, 'name', namesOf(entries));
  }

  const checkPermissions = (path: string, permissions: readonly ApiPermission[]) => {
    for (const { indicator, name } of permissions) {
      const known = permissionsOf.get(indicator);
      if (known === undefined) faults.addUnknown(path, 'API', indicator, [...permissionsOf.keys()]);
      else faults.addUnknown(pathOf(path, indicator), 'permission', name, known);
    }
  };
  for (const [index, role] of roles.entries()) {
    checkPermissions(`roles[${index}].permissions`, role.permissions);
  }
  for (const [index, app] of apps.entries()) {
    for (const name of app.roles) faults.addUnknown(`apps[${index}].roles`, 'role', name, roleNames);
  }
  for (const [index, role] of organizationRoles.entries()) {
    const path = `organizationRoles[${index}]`;
    checkPermissions(`${path}.permissions`, role.permissions);
    for (const name of role.organizationPermissions) {
      const known = namesOf(organizationPermissions);
      faults.addUnknown(`${path}.organizationPermissions`, 'organization permission', name, known);
    }
  }
  for (const [index, { members }] of organizations.entries()) {
    const path = `organizations[${index}].members`;
    faults.addRepeated(
      path,
      'app',
      members.map(({ app }) => app),
    );
    for (const [at, { app, roles: its }] of members.entries()) {
      faults.addUnknown(`${path}[${at}].app`, 'app', app, appNames);
      for (const name of its) {
        faults.addUnknown(`${path}[${at}].roles`, 'organization role', name, organizationRoleNames);
      }
    }
  }
  // Entries with the same name also have the same variables, and one fault is enough.
  if (faults.all.length === 0) addVariables(faults, setup);
  return faults.all;
}

/** Reports entries that would have the same variables in the file of --write-env. */
function addVariables(faults: Faults, { apps, organizations }: Setup): void {
  const owners = new Map<string, string>();
  for (const [path, entries] of Object.entries({ apps, organizations })) {
    for (const [index, { name, env }] of entries.entries()) {
      const at = `${path}[${index}]`;
      const other = owners.get(env);
      if (env === '') {
        faults.add(at, `no variable can be named after ${show(name)}. ${ADVICE_ON_VARIABLES}`);
      } else if (other !== undefined) {
        faults.add(at, `its variable ${env}_ID is also that of ${other}. ${ADVICE_ON_VARIABLES}`);
      }
      owners.set(env, at);
    }
  }
}

const ADVICE_ON_VARIABLES = 'Add the member `env` to it.';

class Faults {
  readonly all: string[] = [];

  add(path: string, fault: string): void {
    this.all.push(`${path}: ${fault}`);
  }

  /** Adds the fault that an option check finds. */
  addThrown(path: string, check: () => unknown): void {
    try {
      check();
    } catch (error) {
      const fault = faultOf(error);
      if (fault === undefined) throw error;
      this.add(path, fault.text);
    }
  }

  addRepeated(path: string, member: string, values: readonly string[]): void {
    for (const value of new Set(values.filter((one, index) => values.indexOf(one) !== index))) {
      this.add(path, `the ${member} ${show(value)} appears more than once.`);
    }
  }

  addUnknown(path: string, what: string, name: string, known: readonly string[] = []): void {
    if (known.includes(name)) return;
    const meant = closestOption(name, known);
    const advice =
      meant !== undefined
        ? `Did you mean ${show(meant)}?`
        : known.length === 0
          ? 'The file has none.'
          : `It has ${joinWords(known.map(show))}.`;
    this.add(path, `the file has no ${what} ${show(name)}. ${advice}`);
  }
}

function namesOf(entries: readonly { readonly name: string }[]): string[] {
  return entries.map(({ name }) => name);
}
