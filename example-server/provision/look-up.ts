import { z } from 'zod';
import type { ManagementApi } from './management-api.js';
import { ProvisionError } from './provision-error.js';
import { wanted } from './wanted.js';

export const namedSchema = z.object({ id: z.string(), name: z.string() });
export const resourceSchema = namedSchema.extend({ indicator: z.string(), scopes: z.array(namedSchema) });
const roleSchema = namedSchema.extend({ type: z.string() });

export type Named = z.infer<typeof namedSchema>;

/** Of what the example wants, that which a tenant has already. */
export interface There {
  resource: z.infer<typeof resourceSchema> | undefined;
  roles: Map<string, Named>;
  apps: Map<string, Named>;
  organization: Named | undefined;
  organizationPermissions: Map<string, Named>;
  organizationRole: Named | undefined;
}

/**
 * Finds by its name what is there, and makes nothing.
 *
 * @throws {ProvisionError} where it leaves a doubt
 */
export async function lookUp(api: ManagementApi): Promise<There> {
  const { organization, roles, apps } = wanted;
  const machine = 'MachineToMachine';
  const resources = await api.list('api/resources', resourceSchema, { includeScopes: 'true' });
  const allRoles = await api.list('api/roles', roleSchema);
  const allApps = await api.list('api/applications', namedSchema, { types: machine });
  const organizations = await api.list('api/organizations', namedSchema);
  const organizationPermissions = await api.list('api/organization-scopes', namedSchema);
  const organizationRoles = await api.list('api/organization-roles', roleSchema);

  // Users' roles too: no two roles have one name, whomever they are for.
  const rolesThere = theOnes(allRoles, 'roles', namesOf(roles));
  const organizationRole = organizationRoles.find(({ name }) => name === organization.role.name);
  for (const role of [...rolesThere.values(), organizationRole]) {
    if (role && role.type !== machine) throw roleForUsers(role.name);
  }
  return {
    resource: resources.find(({ indicator }) => indicator === wanted.api.indicator),
    roles: rolesThere,
    apps: theOnes(allApps, 'machine-to-machine apps', namesOf(apps)),
    organization: theOnes(organizations, 'organizations', [organization.name]).get(organization.name),
    organizationPermissions: theOnes(
      organizationPermissions,
      'organization permissions',
      Object.keys(organization.permissions),
    ),
    organizationRole,
  };
}

/** Of all entries those with these names; Logto lets apps and organizations have the name of another. */
function theOnes<T extends Named>(all: T[], what: string, names: readonly string[]): Map<string, T> {
  const found = new Map<string, T>();
  for (const name of names) {
    const [one, ...others] = all.filter((entry) => entry.name === name);
    if (one && others.length > 0) {
      const ids = [one, ...others].map(({ id }) => id).join(', ');
      throw new ProvisionError(
        `Logto has ${others.length + 1} ${what} named ${name} (${ids}), so which is meant cannot be told. In the Logto Console, give all but one another name. Nothing was changed.`,
      );
    }
    if (one) found.set(name, one);
  }
  return found;
}

function roleForUsers(name: string): ProvisionError {
  return new ProvisionError(
    `Logto has a role named ${name} already, and it is none for machine-to-machine apps. In the Logto Console, give it another name. Nothing was changed.`,
  );
}

function namesOf(entries: readonly { name: string }[]): string[] {
  return entries.map(({ name }) => name);
}
