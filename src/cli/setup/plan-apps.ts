import {
  bodyOf,
  descriptionDifference,
  difference,
  missingIn,
  namedPermissions,
  permissionKey,
  withNames,
} from './comparison.js';
import type { ManagementApi } from './management-api.js';
import type { Api, ApiPermission, App, Role } from './setup.js';
import { type Ids, make, type Step, seen } from './steps.js';
import { MACHINE, permissionsOfRole, rolesOfApp, type Tenant } from './tenant.js';

/** Plans the API resource and its permissions. */
export function planApi(api: ManagementApi, ids: Ids, wanted: Api, { apis }: Tenant): Step[] {
  const { name, indicator, accessTokenTtl } = wanted;
  const text = `API resource ${indicator}`;
  const found = apis.find((one) => one.indicator === indicator);
  const steps: Step[] = [];
  if (found === undefined) {
    const body = { name, indicator, ...(accessTokenTtl !== undefined && { accessTokenTtl }) };
    steps.push(make(text, async () => ids.set('api', indicator, await api.create('api/resources', body))));
  } else {
    ids.set('api', indicator, found.id);
    steps.push(
      seen('there', text),
      ...difference(text, 'accessTokenTtl', found.accessTokenTtl, accessTokenTtl),
    );
  }
  for (const permission of wanted.permissions) {
    const its = `permission ${permission.name} of ${indicator}`;
    const key = permissionKey({ indicator, name: permission.name });
    const present = found?.permissions.find((one) => one.name === permission.name);
    if (present === undefined) {
      const create = () =>
        api.create(`api/resources/${ids.get('api', indicator)}/scopes`, bodyOf(permission));
      steps.push(make(its, async () => ids.set('permission', key, await create())));
    } else {
      ids.set('permission', key, present.id);
      steps.push(seen('there', its), ...descriptionDifference(its, present, permission.description));
    }
  }
  return steps;
}

/** Plans the role and its missing permissions. @throws SetupError */
export async function planRole(api: ManagementApi, ids: Ids, role: Role, { roles }: Tenant): Promise<Step[]> {
  const { name, description, permissions } = role;
  const text = `role ${name}`;
  const found = roles.find((one) => one.name === name);
  const scopeIds = (of: readonly ApiPermission[]) =>
    of.map((one) => ids.get('permission', permissionKey(one)));
  if (found === undefined) {
    const create = () =>
      api.create('api/roles', {
        name,
        // Logto requires a description.
        description: description || name,
        type: MACHINE,
        ...(permissions.length > 0 && { scopeIds: scopeIds(permissions) }),
      });
    return [make(`${text}${withNames(permissions)}`, async () => ids.set('role', name, await create()))];
  }
  ids.set('role', name, found.id);
  const present = await permissionsOfRole(api, found.id);
  const missing = missingIn(permissions, ids, present);
  const add = () => api.add(`api/roles/${found.id}/scopes`, { scopeIds: scopeIds(missing) });
  return [
    seen('there', text),
    ...descriptionDifference(text, found, description),
    ...(missing.length === 0 ? [] : [make(`${namedPermissions(missing)} in ${text}`, add)]),
  ];
}

/** Plans the app and its missing roles. @throws SetupError */
export async function planApp(api: ManagementApi, ids: Ids, app: App, { apps }: Tenant): Promise<Step[]> {
  const { name, customClientMetadata } = app;
  const text = `app ${name}`;
  const found = apps.find((one) => one.name === name);
  const steps: Step[] = [];
  if (found === undefined) {
    const body = {
      ...bodyOf(app),
      type: MACHINE,
      ...(Object.keys(customClientMetadata).length > 0 && { customClientMetadata }),
    };
    steps.push(make(text, async () => ids.set('app', name, await api.create('api/applications', body))));
  } else {
    ids.set('app', name, found.id);
    steps.push(seen('there', text), ...descriptionDifference(text, found, app.description));
    for (const [member, value] of Object.entries(customClientMetadata)) {
      steps.push(
        ...difference(text, `customClientMetadata.${member}`, found.customClientMetadata[member], value),
      );
    }
  }
  const present = found === undefined ? [] : (await rolesOfApp(api, found.id)).map((one) => one.name);
  for (const role of app.roles) {
    const its = `role ${role} for ${text}`;
    const add = () =>
      api.add(`api/roles/${ids.get('role', role)}/applications`, { applicationIds: [ids.get('app', name)] });
    steps.push(present.includes(role) ? seen('there', its) : make(its, add));
  }
  return steps;
}
