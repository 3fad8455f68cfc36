/** What the Logto Console of one tenant holds: its APIs, its organizations and the machine-to-machine apps. */
export interface Directory {
  resources: ApiResource[];
  /** The permissions of the organization template: every organization of the tenant shares them. */
  organizationPermissions: string[];
  organizations: Organization[];
  applications: Application[];
}

/** An API that is registered with Logto. */
export interface ApiResource {
  /** The API identifier: what a caller asks for as `resource`, and the `aud` of its token. */
  indicator: string;
  /** The permissions that the API knows. */
  scopes: string[];
  /** How long a token for the API lives, in seconds. */
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
  /** The permissions that its machine-to-machine roles give, by API resource indicator. */
  grants: Record<string, string[]>;
  /** What it may do in each organization it belongs to, by organization id. */
  organizations: Record<string, OrganizationRoles>;
  /**
   * The origins of pages that may ask for its tokens; none, if absent. At Logto it is the app's
   * `customClientMetadata.corsAllowedOrigins`.
   */
  corsAllowedOrigins?: string[];
}

/** What the organization roles of one app give it within one organization. */
export interface OrganizationRoles {
  /** Organization permissions: they go into an organization token. */
  permissions: string[];
  /** API permissions, by API resource indicator: they go into a token for the API inside the organization. */
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
    // Logto's own Management API, which every tenant has.
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
 * The shop's directory. Each call gives a copy of its own, so that its receiver may change it as an admin would
 * in the Console; an issuer that runs on it answers the next request accordingly.
 */
export function shopDirectory(): Directory {
  return structuredClone(shop);
}
