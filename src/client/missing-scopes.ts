import type { ClientSettings } from './options.js';

/** The token request. */
export type Asked = Pick<ClientSettings, 'appId' | 'resource' | 'organizationId'>;

/** Returns the remedy for scopes that were requested and not granted. */
export function adviceOnMissing(
  missing: readonly string[],
  { appId, resource, organizationId }: Asked,
): string {
  const names = missing.join(', ');
  const role =
    organizationId === undefined
      ? `assign it a machine-to-machine role with ${names} (Console > Roles)`
      : `give it an organization role with ${names} (Console > Organizations)`;
  const scope = organizationId === undefined ? '' : ` in the organization ${organizationId}`;
  const list =
    resource === undefined
      ? 'Console > Organization template > Organization permissions'
      : `Console > API resources > ${resource} > Permissions`;
  return `No role of app ${appId}${scope} grants ${names}: ${role}. Or the name is misspelt: compare it with ${list}.`;
}
