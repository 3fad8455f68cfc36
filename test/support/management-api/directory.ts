import type { Directory } from '../../local-issuer/directory.js';
import { membersOf, ownersOf, type State } from './state.js';

/** Builds the directory of the issuer, so that its tokens contain what the tenant grants. */
export function directoryOf(state: State): Directory {
  return {
    resources: state.resources.map(({ id, indicator, accessTokenTtl }) => ({
      indicator: String(indicator),
      scopes: state.scopes.filter(({ resourceId }) => resourceId === id).map(({ name }) => name),
      accessTokenTtl: Number(accessTokenTtl),
    })),
    organizationPermissions: state.organizationScopes.map(({ name }) => name),
    organizations: state.organizations.map(({ id, name }) => ({ id, name })),
    applications: state.applications.map(({ id, name }) => ({
      id,
      name,
      secret: state.secrets.find(({ applicationId }) => applicationId === id)?.value ?? '',
      grants: grantsOf(
        state,
        ownersOf(state.roleApps, id).flatMap((role) => membersOf(state.roleScopes, role)),
      ),
      organizations: Object.fromEntries(
        ownersOf(state.organizationApps, id).map((org) => [org, grantsWithin(state, org, id)]),
      ),
    })),
  };
}

function grantsWithin(state: State, organizationId: string, appId: string) {
  const roles = membersOf(state.organizationAppRoles, `${organizationId} ${appId}`);
  const ids = roles.flatMap((role) => membersOf(state.organizationRoleScopes, role));
  return {
    permissions: state.organizationScopes.filter(({ id }) => ids.includes(id)).map(({ name }) => name),
    grants: grantsOf(
      state,
      roles.flatMap((role) => membersOf(state.organizationRoleResourceScopes, role)),
    ),
  };
}

/** The permissions with these ids, by their API. */
function grantsOf(state: State, ids: readonly string[]): Record<string, string[]> {
  const grants: Record<string, string[]> = {};
  for (const { indicator, id } of state.resources) {
    const names = state.scopes.filter((one) => one['resourceId'] === id && ids.includes(one.id));
    if (names.length > 0) grants[String(indicator)] = names.map(({ name }) => name);
  }
  return grants;
}
