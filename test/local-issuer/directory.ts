/** The data of one Logto tenant: its APIs, its organizations and its machine-to-machine apps. */
export interface Directory {
  resources: ApiResource[];
  /** The permissions of the organization template, which all organizations of the tenant share. */
  organizationPermissions: string[];
  organizations: Organization[];
  applications: Application[];
}

/** An API that is registered with Logto. */
export interface ApiResource {
  /** The API identifier: the `resource` of a token request and the `aud` of the token. */
  indicator: string;
  /** The permissions of the API. */
  scopes: string[];
  /** The lifetime of a token for the API, in seconds. */
  accessTokenTtl: number;
}

/** A group of users and apps, such as one business customer of a shop platform. */
export interface Organization {
  id: string;
  name: string;
}

/** A machine-to-machine app. */
export interface Application {
  /** The client id. */
  id: string;
  name: string;
  /** The client secret. */
  secret: string;
  /** The permissions from its machine-to-machine roles, by API resource indicator. */
  grants: Record<string, string[]>;
  /** Its roles in each organization it belongs to, by organization id. */
  organizations: Record<string, OrganizationRoles>;
  /**
   * The origins of pages that may request its tokens; none by default. In Logto, this is the
   * `customClientMetadata.corsAllowedOrigins` of the app.
   */
  corsAllowedOrigins?: string[];
}

/** The permissions from the organization roles of one app within one organization. */
export interface OrganizationRoles {
  /** Organization permissions, which an organization token contains. */
  permissions: string[];
  /** API permissions by API resource indicator, which a token for the API inside the organization contains. */
  grants: Record<string, string[]>;
}

const shop: Directory = {
  resources: [
    {
      indicator: 'https://shopping.api',
      scopes: ['read:products', 'write:products', 'delete:products', 'read:orders'],
      accessTokenTtl: 3600,
    },
    { indicator: 'https://inventory.api', scopes: ['read:stock'], accessTokenTtl: 3600 },
    // Every tenant has the Management API of Logto.
    { indicator: 'https://default.logto.app/api', scopes: ['all'], accessTokenTtl: 3600 },
  ],
  organizationPermissions: ['read:reports'],
  organizations: [
    { id: 'tgqjike3k7pu', name: 'Corner Shop' },
    { id: 'w1h7qob3z0o3', name: 'Farm Shop' },
  ],
  applications: [
    {
      id: 'kgztf9id8s3j3g6q9x0fv',
      name: 'statistics-service',
      secret: 'statistics-service-demo-secret',
      grants: { 'https://shopping.api': ['read:products', 'read:orders'] },
      organizations: {},
    },
    {
      id: 'q4xw1zr7mh2bt0c8n5vya',
      name: 'catalog-service',
      secret: 'catalog-service-demo-secret',
      grants: {
        'https://shopping.api': ['read:products', 'write:products', 'delete:products', 'read:orders'],
        'https://inventory.api': ['read:stock'],
      },
      organizations: {},
    },
    {
      id: 'u8dk3s6yj1pe9o4wl7gi2',
      name: 'stranger-service',
      secret: 'stranger-service-demo-secret',
      grants: {},
      organizations: {},
    },
    {
      id: 'f5nb0v2cqx7ar9tm4hz1e',
      name: 'partner-service',
      secret: 'partner-service-demo-secret',
      grants: {},
      organizations: {
        tgqjike3k7pu: {
          permissions: ['read:reports'],
          grants: { 'https://shopping.api': ['read:products', 'write:products'] },
        },
      },
    },
  ],
};

/**
 * Returns a new copy of the shop's directory. A test may change it as an admin would in the Console; an issuer that
 * uses it applies the change from the next request on.
 */
export function shopDirectory(): Directory {
  return structuredClone(shop);
}
