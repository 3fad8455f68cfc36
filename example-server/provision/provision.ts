import { z } from 'zod';
import { lookUp, type Named, namedSchema, resourceSchema, type There } from './look-up.js';
import type { ManagementApi } from './management-api.js';
import { ProvisionError } from './provision-error.js';
import { type AppName, wanted } from './wanted.js';

/** What the programs of the example have to know. */
export interface Provisioned {
  apps: Record<AppName, { id: string; secret: string }>;
  organizationId: string;
}

type Tell = (line: string) => void;
type Ids = ReadonlyMap<string, string>;

const secretsSchema = z.array(
  z.object({ value: z.string(), createdAt: z.number(), expiresAt: z.number().nullable() }),
);

/**
 * Gives a tenant all that the example needs. What is there is found by its name and completed; nothing is changed
 * otherwise, and nothing deleted. It may break off anywhere: the next time it goes on from there.
 *
 * @param tell Is told each thing that was found or made, never a secret.
 * @throws {ProvisionError}
 */
export async function provision(api: ManagementApi, tell: Tell): Promise<Provisioned> {
  // All of it is looked up before anything is made, so that a tenant that leaves a doubt stays as it is.
  const there = await lookUp(api);

  const permissions = await provideApi(api, there.resource, tell);
  const roles = new Map<string, string>();
  for (const role of wanted.roles) {
    roles.set(role.name, await provideRole(api, there.roles.get(role.name), role, permissions, tell));
  }
  const apps = new Map<string, string>();
  for (const app of wanted.apps) {
    apps.set(app.name, await provideApp(api, there.apps.get(app.name), app, roles, tell));
  }
  const organizationId = await provideOrganization(api, there, { permissions, apps }, tell);

  const secrets: Partial<Provisioned['apps']> = {};
  for (const { name } of wanted.apps) {
    const id = idOf(apps, name);
    secrets[name] = { id, secret: await secretOf(api, { id, name }) };
  }
  return { apps: secrets as Provisioned['apps'], organizationId };
}

/** Gives the ids of the API's permissions. */
async function provideApi(api: ManagementApi, found: There['resource'], tell: Tell): Promise<Ids> {
  const { name, indicator, permissions } = wanted.api;
  const resource = found ?? (await api.create('api/resources', { name, indicator }, resourceSchema));
  tell(`${found ? 'found  ' : 'created'}  API resource ${indicator}`);

  const ids = idsByName(resource.scopes);
  for (const [permission, description] of missingFrom(ids, permissions)) {
    const body = { name: permission, description };
    const { id } = await api.create(`api/resources/${resource.id}/scopes`, body, namedSchema);
    ids.set(permission, id);
    tell(`created  permission ${permission} of it`);
  }
  return ids;
}

async function provideRole(
  api: ManagementApi,
  found: Named | undefined,
  { name, description, permissions }: (typeof wanted.roles)[number],
  permissionIds: Ids,
  tell: Tell,
): Promise<string> {
  const wantedIds = permissions.map((permission) => idOf(permissionIds, permission));
  if (!found) {
    const body = { name, description, type: 'MachineToMachine', scopeIds: wantedIds };
    const { id } = await api.create('api/roles', body, namedSchema);
    tell(`created  role ${name}: ${permissions.join(' ')}`);
    return id;
  }
  tell(`found    role ${name}`);
  const path = `api/roles/${found.id}/scopes`;
  const scopeIds = await lackingAt(api, path, wantedIds);
  if (scopeIds.length > 0) {
    await api.add(path, { scopeIds });
    tell(`added    to it: ${namesIn(permissionIds, scopeIds)}`);
  }
  return found.id;
}

async function provideApp(
  api: ManagementApi,
  found: Named | undefined,
  { name, description, roles }: (typeof wanted.apps)[number],
  roleIds: Ids,
  tell: Tell,
): Promise<string> {
  const body = { name, description, type: 'MachineToMachine' };
  const { id } = found ?? (await api.create('api/applications', body, namedSchema));
  tell(`${found ? 'found  ' : 'created'}  app ${name}`);

  const wantedIds = roles.map((role) => idOf(roleIds, role));
  if (wantedIds.length === 0) return id;
  for (const roleId of await lackingAt(api, `api/applications/${id}/roles`, wantedIds)) {
    await api.add(`api/roles/${roleId}/applications`, { applicationIds: [id] });
    tell(`added    to it: role ${namesIn(roleIds, [roleId])}`);
  }
  return id;
}

/** Gives the organization's id. */
async function provideOrganization(
  api: ManagementApi,
  there: There,
  { permissions, apps }: { permissions: Ids; apps: Ids },
  tell: Tell,
): Promise<string> {
  const { name, apps: members } = wanted.organization;
  const roleId = await provideOrganizationRole(api, there, permissions, tell);

  const { id } = there.organization ?? (await api.create('api/organizations', { name }, namedSchema));
  tell(`${there.organization ? 'found  ' : 'created'}  organization ${name}`);

  for (const member of members) {
    const appId = idOf(apps, member);
    // Logto takes an app that is in already for added.
    await api.add(`api/organizations/${id}/applications`, { applicationIds: [appId] });
    const path = `api/organizations/${id}/applications/${appId}/roles`;
    const organizationRoleIds = await lackingAt(api, path, [roleId]);
    if (organizationRoleIds.length > 0) {
      await api.add(path, { organizationRoleIds });
      tell(`added    to it: ${member}, with the role ${wanted.organization.role.name}`);
    }
  }
  return id;
}

async function provideOrganizationRole(
  api: ManagementApi,
  there: There,
  apiPermissions: Ids,
  tell: Tell,
): Promise<string> {
  const { role, permissions } = wanted.organization;
  const organizationPermissions = idsByName([...there.organizationPermissions.values()]);
  for (const [name, description] of missingFrom(organizationPermissions, permissions)) {
    const { id } = await api.create('api/organization-scopes', { name, description }, namedSchema);
    organizationPermissions.set(name, id);
    tell(`created  organization permission ${name}`);
  }

  const organizationScopeIds = role.organizationPermissions.map((one) => idOf(organizationPermissions, one));
  const resourceScopeIds = role.apiPermissions.map((one) => idOf(apiPermissions, one));
  if (!there.organizationRole) {
    const { name, description } = role;
    const body = { name, description, type: 'MachineToMachine', organizationScopeIds, resourceScopeIds };
    const { id } = await api.create('api/organization-roles', body, namedSchema);
    tell(`created  organization role ${name}`);
    return id;
  }

  const { id } = there.organizationRole;
  tell(`found    organization role ${role.name}`);
  const ofOrganization = await lackingAt(api, `api/organization-roles/${id}/scopes`, organizationScopeIds);
  if (ofOrganization.length > 0) {
    await api.add(`api/organization-roles/${id}/scopes`, { organizationScopeIds: ofOrganization });
    tell(`added    to it: ${namesIn(organizationPermissions, ofOrganization)}`);
  }
  const ofApi = await lackingAt(api, `api/organization-roles/${id}/resource-scopes`, resourceScopeIds);
  if (ofApi.length > 0) {
    await api.add(`api/organization-roles/${id}/resource-scopes`, { scopeIds: ofApi });
    tell(`added    to it: ${namesIn(apiPermissions, ofApi)}`);
  }
  return id;
}

/** The oldest secret that never expires, or else the one that lives longest: the same in every run. */
async function secretOf(api: ManagementApi, { id, name }: Named): Promise<string> {
  const secrets = await api.get(`api/applications/${id}/secrets`, secretsSchema);
  const end = (secret: (typeof secrets)[number]) => secret.expiresAt ?? Number.POSITIVE_INFINITY;
  const [best] = secrets
    .filter((secret) => end(secret) > Date.now())
    .sort((a, b) => (end(a) === end(b) ? a.createdAt - b.createdAt : end(b) - end(a)));
  if (best) return best.value;
  throw new ProvisionError(
    `App ${name} (${id}) has no secret that is still valid: make one on its page in the Logto Console.`,
  );
}

/** Which of these ids a list of Logto's lacks. */
async function lackingAt(api: ManagementApi, path: string, wantedIds: string[]): Promise<string[]> {
  const present = new Set((await api.list(path, namedSchema)).map(({ id }) => id));
  return wantedIds.filter((id) => !present.has(id));
}

function idOf(ids: Ids, name: string): string {
  const id = ids.get(name);
  if (id === undefined) throw new Error(`There is no ${name} among what the example wants.`);
  return id;
}

function idsByName(entries: readonly Named[]): Map<string, string> {
  return new Map(entries.map(({ id, name }) => [name, id]));
}

function missingFrom(ids: Ids, descriptions: Record<string, string>): [name: string, description: string][] {
  return Object.entries(descriptions).filter(([name]) => !ids.has(name));
}

function namesIn(ids: Ids, these: readonly string[]): string {
  const names = new Map([...ids].map(([name, id]) => [id, name]));
  return these.map((id) => names.get(id)).join(' ');
}
