import type { ClientSettings } from './options.js';

/** What to do in Logto about one of its refusals. */
export function hintFor(
  code: string,
  status: number,
  description: string | undefined,
  { endpoint, appId, resource, organizationId }: ClientSettings,
): string | undefined {
  switch (code) {
    case 'invalid_client':
      return status === 401
        ? `The secret is not that of app ${appId}: copy it anew from the app's page in the Logto Console.`
        : `Logto at ${endpoint} has no app ${appId}: it was deleted, or belongs to another tenant.`;
    case 'invalid_target':
      if (resource === undefined) return undefined;
      return resource.endsWith('/')
        ? `API identifiers are compared to the letter: has the one in the Logto Console a slash at its end, as ${resource} has?`
        : `Logto at ${endpoint} has no API resource with the identifier ${resource}: compare it, to the letter, in the Logto Console.`;
    case 'access_denied':
      return `App ${appId} is not in the organization ${organizationId}: add it there in the Logto Console, with an organization role.`;
    case 'invalid_request':
      return description?.includes('secret has expired')
        ? `Make a new secret on the page of app ${appId} in the Logto Console.`
        : undefined;
    case 'unauthorized_client':
    case 'unsupported_grant_type':
      return `App ${appId} must be of the type machine-to-machine: make one in the Logto Console.`;
    default:
      return undefined;
  }
}

/** What to do about scopes that were asked for and not granted. */
export function hintForMissing(
  missing: readonly string[],
  { appId, resource, organizationId }: ClientSettings,
): string {
  const scopes = missing.map((scope) => `\`${scope}\``).join(', ');
  if (resource === undefined || organizationId !== undefined) {
    return `No role of app ${appId} in the organization ${organizationId} grants ${scopes}: assign an organization role that has it.`;
  }
  return `No role of app ${appId} grants ${scopes}: assign an M2M role that has it, and see whether ${resource} knows such a permission.`;
}
