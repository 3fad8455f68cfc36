import type { Configuration, Provider } from 'oidc-provider';
import type { Application, Directory } from './directory.js';
import { Refusal } from './logto-answers.js';
import { uncheckedScope } from './token-form.js';

// Reserved by Logto: whichever app asks gets a token for it, with any organization permission it names.
const organizationsResource = 'urn:logto:resource:organizations';
const organizationUrn = 'urn:logto:organization:';
const organizationTokenTtl = 3600;

// Logto knows these too, and machine-to-machine apps may not use them.
const otherGrants = [
  'urn:ietf:params:oauth:grant-type:device_code',
  'urn:ietf:params:oauth:grant-type:token-exchange',
];

interface GrantParameters {
  resource?: string | string[];
  organization_id?: string;
  [uncheckedScope]?: string;
}

/** What a token may be for, and the most it may carry. */
interface Target {
  audience: string;
  permissions: string[];
  /** In seconds. */
  ttl: number;
}

/**
 * Teaches the engine Logto's client credentials grant (RFC 6749 section 4.4): a token for an API resource, for an
 * API resource inside an organization, or for an organization. The directory is read anew for every request.
 */
export function registerClientCredentialsGrant(provider: Provider, directory: Directory): void {
  provider.registerGrantType<GrantParameters>(
    'client_credentials',
    async function clientCredentialsGrant(ctx) {
      const { client, params } = ctx.oidc;
      const { audience, permissions, ttl } = findTarget(directory, client.clientId, params);
      const asked = new Set((params[uncheckedScope] ?? params.scope)?.split(' '));
      const scope = [...asked].filter((permission) => permissions.includes(permission)).join(' ');

      const token = new provider.ClientCredentials({
        client,
        resourceServer: new provider.ResourceServer(audience, {
          scope: permissions.join(' '),
          accessTokenFormat: 'jwt',
        }),
        scope,
        expiresIn: ttl,
      });
      ctx.body = {
        access_token: await token.save(),
        expires_in: token.expiration,
        token_type: token.tokenType,
        ...((scope !== '' || isOrganization(audience)) && { scope }),
      };
    },
    ['resource', 'organization_id', 'scope', uncheckedScope],
    ['resource'],
  );
  // The engine refuses them to every app before it comes to the handler.
  for (const grant of otherGrants) provider.registerGrantType(grant, () => {});
}

/** The engine's settings that give the grant's tokens the claims of Logto's. */
export const tokenClaims = {
  extraTokenClaims(ctx) {
    const { resource, organization_id } = ctx.oidc.params ?? {};
    return resource && organization_id ? { organization_id } : undefined;
  },
  formats: {
    customizers: {
      // The engine leaves an empty scope out; an organization token of Logto's has it.
      jwt(_ctx, _token, { payload }) {
        if (isOrganization(payload['aud'])) payload['scope'] ??= '';
      },
    },
  },
} satisfies Configuration;

function isOrganization(audience: unknown): boolean {
  return typeof audience === 'string' && audience.startsWith(organizationUrn);
}

function findTarget(directory: Directory, clientId: string, params: GrantParameters): Target {
  const application = findApplication(directory, clientId);
  const organization =
    params.organization_id === undefined
      ? undefined
      : findOrganization(directory, application, params.organization_id);

  const indicators = new Set(params.resource === undefined ? [] : [params.resource].flat());
  const grants = (organization ?? application).grants;
  const [api, ...others] = [...indicators].map((indicator) => findApi(directory, grants, indicator));
  if (others.length > 0) {
    const description = 'only a single resource indicator value is supported for this grant type';
    throw new Refusal(400, 'invalid_target', description);
  }
  if (api) return api;
  if (organization) return organization;
  throw new Refusal(400, 'invalid_target', 'both `resource` and `organization_id` are not provided');
}

/**
 * The app of a client id.
 *
 * @throws {Refusal} `invalid_client`, with the status 400 that Logto gives to an id it does not know.
 */
export function findApplication(directory: Directory, id: string): Application {
  const application = directory.applications.find((candidate) => candidate.id === id);
  if (!application) throw new Refusal(400, 'invalid_client', `invalid client ${id}`);
  return application;
}

function findOrganization(directory: Directory, application: Application, id: string) {
  const known = directory.organizations.some((organization) => organization.id === id);
  const roles = known ? application.organizations[id] : undefined;
  if (!roles) throw new Refusal(403, 'access_denied', 'app has not associated with the organization');
  return { ...roles, audience: organizationUrn + id, ttl: organizationTokenTtl };
}

function findApi(directory: Directory, grants: Record<string, string[]>, indicator: string): Target {
  if (indicator === organizationsResource) {
    return { audience: indicator, permissions: directory.organizationPermissions, ttl: organizationTokenTtl };
  }
  if (!URL.canParse(indicator)) {
    throw new Refusal(400, 'invalid_target', 'resource indicator must be an absolute URI');
  }
  if (indicator.includes('#')) {
    throw new Refusal(400, 'invalid_target', 'resource indicator must not contain a fragment component');
  }
  const resource = directory.resources.find((candidate) => candidate.indicator === indicator);
  if (!resource) throw new Refusal(400, 'invalid_target', 'resource indicator is missing, or unknown');
  const granted = grants[indicator] ?? [];
  const permissions = resource.scopes.filter((scope) => granted.includes(scope));
  return { audience: indicator, permissions, ttl: resource.accessTokenTtl };
}
