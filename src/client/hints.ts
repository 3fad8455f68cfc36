import type { ClientSettings } from './options.js';

/** What to do in Logto about one of its refusals. */
export function hintFor(
  code: string,
  status: number,
  description: string | undefined,
  settings: ClientSettings,
): string | undefined {
  const { appId, organizationId } = settings;
  switch (code) {
    case 'invalid_client':
      return forClient(status, settings);
    case 'invalid_target':
      return forTarget(description, settings);
    case 'access_denied':
      return organizationId === undefined
        ? undefined
        : `App ${appId} is not in the organization ${organizationId}, or there is no such organization: ` +
            'add it there in the Logto Console, with an organization role.';
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

function forClient(status: number, { endpoint, appId, appSecret }: ClientSettings): string {
  const option = [
    ['appId', appId],
    ['appSecret', appSecret],
  ].find(([, value]) => /^[\s'"]|[\s'"]$/.test(value as string))?.[0];
  // As a .env file leaves them there that is read by something else than dotenv, or a mounted file its last line break.
  const surplus =
    option && ` \`${option}\` begins or ends with a quotation mark, a space or a line break: take it off.`;
  const hint =
    status === 401
      ? `The secret is not that of app ${appId}: copy it anew from the app's page in the Logto Console.`
      : `Logto at ${endpoint} has no app ${appId}: it was deleted, or belongs to another tenant.`;
  return hint + (surplus ?? '');
}

function forTarget(
  description: string | undefined,
  { endpoint, resource, organizationId }: ClientSettings,
): string | undefined {
  if (description?.includes('are not provided')) {
    const sent = [resource && '`resource`', organizationId && '`organization_id`'].filter(Boolean);
    return (
      `Logto got no ${sent.join(' and no ')}, though it was sent: look at what is between here and ${endpoint}, ` +
      'and at the `fetch` option.'
    );
  }
  if (resource === undefined) return undefined;
  return resource.endsWith('/')
    ? `API identifiers are compared to the letter: has the one in the Logto Console a slash at its end, as ${resource} has?`
    : `Logto at ${endpoint} has no API resource with the identifier ${resource}: compare it, to the letter, in the Logto Console.`;
}

/** What to do about scopes that were asked for and not granted. */
export function hintForMissing(
  missing: readonly string[],
  { appId, resource, organizationId }: ClientSettings,
): string {
  const scopes = missing.map((scope) => `\`${scope}\``).join(', ');
  if (organizationId !== undefined) {
    return `No role of app ${appId} in the organization ${organizationId} grants ${scopes}: assign an organization role that has it.`;
  }
  return `No role of app ${appId} grants ${scopes}: assign an M2M role that has it, and see whether ${resource} knows such a permission.`;
}
