import { bare } from '../../util/own.js';
import { type Entry, entriesOf, type Named, namedOf, numberOf, textOf } from './entry.js';
import type { ManagementApi } from './management-api.js';
import type { Setup } from './setup.js';

export interface TenantApi extends Named {
  readonly indicator: string;
  /** In seconds. */
  readonly accessTokenTtl: number;
  readonly permissions: readonly Named[];
}

export interface TenantRole extends Named {
  /** `MachineToMachine` or `User`. */
  readonly type: string;
}

export interface TenantApp extends Named {
  readonly customClientMetadata: Entry;
}

export interface TenantOrganizationRole extends TenantRole {
  readonly organizationPermissions: readonly Named[];
  readonly permissions: readonly Named[];
}

/** An app in an organization. */
export interface TenantMember extends Named {
  /** The names of its organization roles there. */
  readonly roles: readonly string[];
}

/** A permission that a role grants. */
export interface TenantPermission extends Named {
  readonly indicator: string;
}

/** The entities of the tenant, of the kinds that the file contains. */
export interface Tenant {
  readonly apis: readonly TenantApi[];
  readonly roles: readonly TenantRole[];
  readonly apps: readonly TenantApp[];
  readonly organizationPermissions: readonly Named[];
  readonly organizationRoles: readonly TenantOrganizationRole[];
  readonly organizations: readonly Named[];
}

export const MACHINE = 'MachineToMachine';

/** Reads the entities of the tenant, and creates nothing. @throws SetupError */
export async function readTenant(api: ManagementApi, setup: Setup): Promise<Tenant> {
  const listed = <T>(wanted: readonly unknown[], list: () => Promise<readonly T[]>) =>
    wanted.length === 0 ? Promise.resolve<readonly T[]>([]) : list();
  return {
    apis: await listed(setup.apis, () => api.list('api/resources', apiOf, { includeScopes: 'true' })),
    // Including roles for users, since role names are unique. Any role can grant a permission of an API.
    roles: await listed([...setup.roles, ...setup.apis], () => api.list('api/roles', roleOf)),
    apps: await listed(setup.apps, () => api.list('api/applications', appOf, { types: MACHINE })),
    organizationPermissions: await listed(setup.organizationPermissions, () =>
      api.list('api/organization-scopes', namedOf),
    ),
    organizationRoles: await listed(
      [...setup.organizationRoles, ...setup.organizationPermissions, ...setup.apis],
      () => api.list('api/organization-roles', organizationRoleOf),
    ),
    organizations: await listed(setup.organizations, () => api.list('api/organizations', namedOf)),
  };
}

/** Returns the permissions that a role grants. @throws SetupError */
export function permissionsOfRole(api: ManagementApi, id: string): Promise<TenantPermission[]> {
  return api.list(`api/roles/${id}/scopes`, (entry) => ({
    ...namedOf(entry),
    indicator: textOf(entry['resource'], 'indicator'),
  }));
}

/** Returns the roles that an app has. @throws SetupError */
export function rolesOfApp(api: ManagementApi, id: string): Promise<Named[]> {
  return api.list(`api/applications/${id}/roles`, namedOf);
}

/** Returns the apps that are members of an organization. @throws SetupError */
export function membersOf(api: ManagementApi, id: string): Promise<TenantMember[]> {
  return api.list(`api/organizations/${id}/applications`, (entry) => ({
    ...namedOf(entry),
    roles: entriesOf(entry['organizationRoles']).map((role) => textOf(role, 'name')),
  }));
}

function apiOf(entry: Entry): TenantApi {
  return {
    ...namedOf(entry),
    indicator: textOf(entry, 'indicator'),
    accessTokenTtl: numberOf(entry, 'accessTokenTtl'),
    permissions: entriesOf(entry['scopes']).map(namedOf),
  };
}

function roleOf(entry: Entry): TenantRole {
  return { ...namedOf(entry), type: textOf(entry, 'type') };
}

function appOf(entry: Entry): TenantApp {
  return { ...namedOf(entry), customClientMetadata: bare(entry['customClientMetadata']) };
}

function organizationRoleOf(entry: Entry): TenantOrganizationRole {
  return {
    ...roleOf(entry),
    organizationPermissions: entriesOf(entry['scopes']).map(namedOf),
    permissions: entriesOf(entry['resourceScopes']).map(namedOf),
  };
}
