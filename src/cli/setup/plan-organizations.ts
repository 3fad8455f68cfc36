import {
  bodyOf,
  descriptionDifference,
  missingIn,
  namedPermissions,
  permissionKey,
  withNames,
} from './comparison.js';
import type { ManagementApi } from './management-api.js';
import type { ApiPermission, Organization, OrganizationRole, Permission, Setup } from './setup.js';
import { type Ids, make, type Step, seen } from './steps.js';
import { MACHINE, membersOf, type Tenant } from './tenant.js';

/** Plans organization permissions and roles, organizations, and their members. @throws SetupError */
export async function planOrganizations(
  api: ManagementApi,
  ids: Ids,
  { organizationPermissions, organizationRoles, organizations }: Setup,
  tenant: Tenant,
): Promise<Step[]> {
  const steps = [
    ...organizationPermissions.flatMap((one) => planPermission(api, ids, one, tenant)),
    ...organizationRoles.flatMap((one) => planRole(api, ids, one, tenant)),
  ];
  for (const one of organizations) steps.push(...(await planOrganization(api, ids, one, tenant)));
  return steps;
}

function planPermission(api: ManagementApi, ids: Ids, wanted: Permission, tenant: Tenant): Step[] {
  const { name, description } = wanted;
  const text = `organization permission ${name}`;
  const found = tenant.organizationPermissions.find((one) => one.name === name);
  if (found === undefined) {
    const create = () => api.create('api/organization-scopes', bodyOf(wanted));
    return [make(text, async () => ids.set('organization permission', name, await create()))];
  }
  ids.set('organization permission', name, found.id);
  return [seen('there', text), ...descriptionDifference(text, found, description)];
}

function planRole(api: ManagementApi, ids: Ids, role: OrganizationRole, tenant: Tenant): Step[] {
  const { name, description, permissions, organizationPermissions } = role;
  const text = `organization role ${name}`;
  const found = tenant.organizationRoles.find((one) => one.name === name);
  const organizationScopeIds = (names: readonly string[]) =>
    names.map((one) => ids.get('organization permission', one));
  const scopeIds = (of: readonly ApiPermission[]) =>
    of.map((one) => ids.get('permission', permissionKey(one)));
  if (found === undefined) {
    const create = () =>
      api.create('api/organization-roles', {
        ...bodyOf(role),
        type: MACHINE,
        organizationScopeIds: organizationScopeIds(organizationPermissions),
        resourceScopeIds: scopeIds(permissions),
      });
    const all = [...organizationPermissions.map((one) => ({ name: one })), ...permissions];
    return [make(`${text}${withNames(all)}`, async () => ids.set('organization role', name, await create()))];
  }
  ids.set('organization role', name, found.id);
  const steps = [seen('there', text), ...descriptionDifference(text, found, description)];
  const path = `api/organization-roles/${found.id}`;
  const held = found.organizationPermissions.map((one) => one.name);
  const missing = organizationPermissions.filter((one) => !held.includes(one));
  if (missing.length > 0) {
    const add = () => api.add(`${path}/scopes`, { organizationScopeIds: organizationScopeIds(missing) });
    const names = namedPermissions(missing.map((one) => ({ name: one })));
    steps.push(make(`organization ${names} in ${text}`, add));
  }
  const ofApis = missingIn(permissions, ids, found.permissions);
  if (ofApis.length > 0) {
    const add = () => api.add(`${path}/resource-scopes`, { scopeIds: scopeIds(ofApis) });
    steps.push(make(`${namedPermissions(ofApis)} in ${text}`, add));
  }
  return steps;
}

async function planOrganization(
  api: ManagementApi,
  ids: Ids,
  wanted: Organization,
  tenant: Tenant,
): Promise<Step[]> {
  const { name, description, members } = wanted;
  const text = `organization ${name}`;
  const found = tenant.organizations.find((one) => one.name === name);
  const steps: Step[] = [];
  if (found === undefined) {
    const create = () => api.create('api/organizations', bodyOf(wanted));
    steps.push(make(text, async () => ids.set('organization', name, await create())));
  } else {
    ids.set('organization', name, found.id);
    steps.push(seen('there', text), ...descriptionDifference(text, found, description));
  }
  const present = found === undefined ? [] : await membersOf(api, found.id);
  for (const { app, roles } of members) {
    const its = `app ${app} in ${text}`;
    const member = present.find(({ id }) => id === ids.find('app', app));
    const path = () => `api/organizations/${ids.get('organization', name)}/applications`;
    const join = () => api.add(path(), { applicationIds: [ids.get('app', app)] });
    steps.push(member === undefined ? make(its, join) : seen('there', its));
    for (const role of roles) {
      const add = () =>
        api.add(`${path()}/${ids.get('app', app)}/roles`, {
          organizationRoleIds: [ids.get('organization role', role)],
        });
      const line = `organization role ${role} for ${its}`;
      steps.push(member?.roles.includes(role) ? seen('there', line) : make(line, add));
    }
  }
  return steps;
}
