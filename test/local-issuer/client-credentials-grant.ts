import type { Configuration, Provider } from 'oidc-provider';
import type { Application, Directory } from './directory.js';
import { Refusal } from './logto-answers.js';
import { uncheckedScope } from './token-form.js';

// Logto reserves this resource: any app gets a token for it, with every organization permission it requests.
const organizationsResource = 'urn:logto:resource:organizations';
const organizationUrn = 'urn:logto:organization:';
const organizationTokenTtl = 3600;

// Logto supports these grants too, but machine-to-machine apps may not use them.
const otherGrants = [
  'urn:ietf:params:oauth:grant-type:device_code',
  'urn:ietf:params:oauth:grant-type:token-exchange',
];

interface GrantParameters {
  resource?: string | string[];
  organization_id?: string;
  [uncheckedScope]?: string;
}

/** A target for which a token may be issued, and the permissions that the token may have. */
interface Target {
  audience: string;
  permissions: string[];
  /** In seconds. */
  ttl: number;
}

/**
 * Adds Logto's client credentials grant (RFC 6749 section 4.4) to the engine: a token for an API resource, for an
 * API resource inside an organization, or for an organization. Every request reads the current directory.
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
  // The engine refuses these grants to every app before it calls the handler.
  for (const grant of otherGrants) provider.registerGrantType(grant, () => {});
}

/** The settings of the engine that give its tokens the same claims as those of Logto. */
export const tokenClaims = {
  extraTokenClaims(ctx) {
    const { resource, organization_id } = ctx.oidc.params ?? {};
    return resource && organization_id ? { organization_id } : undefined;
  },
  formats: {
    customizers: {
      // The engine omits an empty scope; an organization token of Logto includes it.
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
 * Returns the app with this client id.
 *
 * @throws {Refusal} `invalid_client` with status 400, as Logto does for an unknown id.
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
