import { own } from '../../util/own.js';
import { joinWords } from '../words.js';
import { namedOf } from './entry.js';
import type { ManagementApi } from './management-api.js';
import type { ApiPermission, Setup } from './setup.js';
import { type Ids, type Step, seen } from './steps.js';
import { MACHINE, membersOf, permissionsOfRole, rolesOfApp, type Tenant } from './tenant.js';

/**
 * Lists what the tenant has and the file does not, as far as it concerns the file: permissions, roles that grant
 * more, and other apps that have them. Anything else is not mentioned, since a tenant may have several files.
 *
 * @throws SetupError
 */
export async function extraInTenant(
  api: ManagementApi,
  setup: Setup,
  tenant: Tenant,
  ids: Ids,
): Promise<readonly Step[]> {
  const texts = [
    ...extraPermissions(setup, tenant),
    ...(await extraRoles(api, setup, tenant)),
    ...(await extraApps(api, setup, ids)),
    ...extraOrganizationRoles(setup, tenant),
    ...(await extraMembers(api, setup, ids)),
  ];
  return texts.map((text) => seen('beside', text));
}

function extraPermissions({ apis }: Setup, tenant: Tenant): string[] {
  return apis.flatMap(({ indicator, permissions }) => {
    const found = tenant.apis.find((one) => one.indicator === indicator);
    return others(found?.permissions, permissions).map(
      ({ name }) => `permission ${name} of ${indicator}: the file does not describe it`,
    );
  });
}

/** Lists roles of the file that grant more, and other roles that grant a permission of an API of the file. */
async function extraRoles(api: ManagementApi, setup: Setup, tenant: Tenant): Promise<string[]> {
  const described = new Set(setup.apis.map(({ indicator }) => indicator));
  const texts: string[] = [];
  for (const role of tenant.roles.filter(({ type }) => type === MACHINE)) {
    const present = await permissionsOfRole(api, role.id);
    const inFile = setup.roles.find(({ name }) => name === role.name);
    const more =
      inFile === undefined
        ? present.filter(({ indicator }) => described.has(indicator))
        : present.filter((one) => !inFile.permissions.some((other) => isSame(one, other)));
    if (more.length > 0) {
      const also = inFile === undefined ? 'grants' : 'also grants';
      texts.push(`role ${role.name} ${also} ${namesWithApi(more)}, which the file does not name`);
    }
  }
  return texts;
}

/** Lists apps of the file that have other roles, and other apps that have a role of the file. */
async function extraApps(api: ManagementApi, { apps, roles }: Setup, ids: Ids): Promise<string[]> {
  const texts: string[] = [];
  for (const app of apps) {
    const id = ids.find('app', app.name);
    const more = id === undefined ? [] : others(await rolesOfApp(api, id), app.roles.map(named));
    if (more.length > 0) texts.push(`app ${app.name} has additional roles: ${namesIn(more)}`);
  }
  for (const role of roles) {
    const id = ids.find('role', role.name);
    const holders = id === undefined ? [] : await api.list(`api/roles/${id}/applications`, namedOf);
    const foreign = others(holders, apps);
    if (foreign.length > 0) texts.push(`role ${role.name} is also assigned to: ${namesIn(foreign)}`);
  }
  return texts;
}

/** Lists organization roles of the file that grant more, and others that grant a permission in the file. */
function extraOrganizationRoles(setup: Setup, tenant: Tenant): string[] {
  const described = new Set(setup.organizationPermissions.map(({ name }) => name));
  // The list of roles contains no API, so permissions are identified by their ids.
  const ofApis = new Map(
    tenant.apis
      .filter(({ indicator }) => setup.apis.some((api) => api.indicator === indicator))
      .flatMap(({ indicator, permissions }) =>
        permissions.map(({ id, name }) => [id, { indicator, name }] as const),
      ),
  );
  return tenant.organizationRoles
    .filter(({ type }) => type === MACHINE)
    .flatMap((role) => {
      const inFile = setup.organizationRoles.find(({ name }) => name === role.name);
      const more =
        inFile === undefined
          ? [
              ...role.organizationPermissions.filter(({ name }) => described.has(name)),
              ...role.permissions.flatMap(({ id }) => ofApis.get(id) ?? []),
            ]
          : [
              ...others(role.organizationPermissions, inFile.organizationPermissions.map(named)),
              ...role.permissions
                .map(({ id, name }) => ofApis.get(id) ?? { indicator: undefined, name })
                .filter((one) => !inFile.permissions.some((wanted) => isSame(one, wanted))),
            ];
      if (more.length === 0) return [];
      const also = inFile === undefined ? 'grants' : 'also grants';
      return [`organization role ${role.name} ${also} ${namesWithApi(more)}, which the file does not name`];
    });
}

/** Lists members of the file that have other roles, and members that the file does not list. */
async function extraMembers(api: ManagementApi, { organizations }: Setup, ids: Ids): Promise<string[]> {
  const texts: string[] = [];
  for (const { name, members } of organizations) {
    const id = ids.find('organization', name);
    if (id === undefined) continue;
    const present = await membersOf(api, id);
    const foreign = others(
      present,
      members.map(({ app }) => named(app)),
    );
    if (foreign.length > 0) texts.push(`organization ${name} has additional members: ${namesIn(foreign)}`);
    for (const { app, roles } of members) {
      const member = present.find((one) => one.id === ids.find('app', app));
      const more = others(member?.roles.map(named), roles.map(named));
      if (more.length > 0) {
        texts.push(`app ${app} in organization ${name} has additional organization roles: ${namesIn(more)}`);
      }
    }
  }
  return texts;
}

function others<T extends { readonly name: string }>(
  present: readonly T[] = [],
  wanted: readonly { readonly name: string }[],
): T[] {
  const names = new Set(wanted.map(({ name }) => name));
  // Logto promises no order, and the output must be the same in each run.
  return present.filter(({ name }) => !names.has(name)).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function namesIn(entries: readonly { readonly name: string }[]): string {
  return entries.map(({ name }) => name).join(', ');
}

function named(name: string): { readonly name: string } {
  return { name };
}

interface Given {
  readonly name: string;
  /** Undefined for an organization permission, and for a permission of an API that the file does not describe. */
  readonly indicator?: string | undefined;
}

function isSame(one: Given, other: ApiPermission): boolean {
  return one.name === other.name && own(one, 'indicator') === other.indicator;
}

function namesWithApi(permissions: readonly Given[]): string {
  return joinWords(
    permissions.map((one) => {
      const indicator = own(one, 'indicator');
      return indicator === undefined ? one.name : `${one.name} of ${indicator}`;
    }),
  );
}
