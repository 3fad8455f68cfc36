import { show } from '../../options/option-error.js';
import { joinWords } from '../words.js';
import type { Named } from './entry.js';
import type { Api, Setup } from './setup.js';
import { MACHINE, type Tenant, type TenantRole } from './tenant.js';

/** Returns one sentence for each ambiguity between the file and the tenant. If there are any, nothing is created. */
export function doubtsAbout(setup: Setup, tenant: Tenant): readonly string[] {
  const { apis, roles, apps, organizationRoles, organizations } = setup;
  return [
    ...apis.flatMap((api) => apiDoubts(api, tenant)),
    ...roles.flatMap(({ name }) => roleDoubts('role', name, tenant.roles)),
    ...apps.flatMap(({ name }) => nameDoubts('machine-to-machine apps', name, tenant.apps)),
    ...organizationRoles.flatMap(({ name }) =>
      roleDoubts('organization role', name, tenant.organizationRoles),
    ),
    ...organizations.flatMap(({ name }) => nameDoubts('organizations', name, tenant.organizations)),
    ...similarNames('API resource', apis, tenant.apis),
    ...similarNames('role', roles, tenant.roles),
    ...similarNames('app', apps, tenant.apps),
    ...similarNames('organization role', organizationRoles, tenant.organizationRoles),
    ...similarNames('organization', organizations, tenant.organizations),
  ];
}

/** Finds names that differ only in case, spaces or Unicode composition: one of them may be a typo. */
function similarNames(
  what: string,
  wanted: readonly { readonly name: string }[],
  all: readonly Named[],
): string[] {
  return wanted
    .filter(({ name }) => !all.some((one) => one.name === name))
    .flatMap(({ name }) =>
      all
        .filter((one) => looseForm(one.name) === looseForm(name))
        .map(
          (other) =>
            `Logto has the ${what} ${show(other.name)}, and the file says ${show(name)}. If it is the same, use one name for it; otherwise use one that differs more.`,
        ),
    );
}

function looseForm(name: string): string {
  return name.normalize('NFKC').trim().replace(/\s+/g, ' ').toLowerCase();
}

/**
 * Finds APIs with the same name and another indicator, or with the same indicator and another name: a typo or another
 * API. An API is identified by its indicator.
 */
function apiDoubts({ name, indicator }: Api, { apis }: Tenant): string[] {
  const found = apis.find((one) => one.indicator === indicator);
  if (found !== undefined) {
    if (found.name === name) return [];
    return [
      `Logto already has the API identifier ${indicator}, of the API resource ${found.name}, and the file names it ${name}. If it is the same API, change \`api.name\` in the file to ${found.name}; otherwise use another indicator.`,
    ];
  }
  return apis
    .filter((one) => one.name === name)
    .map(
      (other) =>
        `Logto already has an API resource named ${name}, with the identifier ${other.indicator}, and the file says ${indicator}. If it is the same API, correct the file; otherwise use another name in it.`,
    );
}

/** Finds several entities with the same name. Logto allows that for apps and organizations. */
function nameDoubts(what: string, name: string, all: readonly Named[]): string[] {
  const ids = all.filter((one) => one.name === name).map(({ id }) => id);
  if (ids.length < 2) return [];
  return [
    `Logto has ${ids.length} ${what} named ${name} (${joinWords(ids)}), so the name is ambiguous. In the Logto Console, rename all but one.`,
  ];
}

/** Finds a role for users with this name. It cannot be assigned to an app. */
function roleDoubts(what: string, name: string, all: readonly TenantRole[]): string[] {
  const ofUsers = all.some((role) => role.name === name && role.type !== MACHINE);
  if (!ofUsers) return [];
  return [
    `Logto already has the ${what} ${name}, and it is not for machine-to-machine apps. In the Logto Console, rename it; or use another name in the file.`,
  ];
}
