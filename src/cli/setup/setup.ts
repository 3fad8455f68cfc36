/** A permission of an API or of organizations. */
export interface Permission {
  readonly name: string;
  /** If it is empty, the description in Logto is not compared. */
  readonly description: string;
}

export interface Api {
  readonly name: string;
  readonly indicator: string;
  readonly permissions: readonly Permission[];
  /** In seconds. */
  readonly accessTokenTtl: number | undefined;
}

/** A permission of one API, as listed in a role. */
export interface ApiPermission {
  readonly indicator: string;
  readonly name: string;
}

export interface Role {
  readonly name: string;
  readonly description: string | undefined;
  readonly permissions: readonly ApiPermission[];
}

export interface App {
  readonly name: string;
  readonly description: string | undefined;
  readonly roles: readonly string[];
  /** The prefix of the names of its variables. */
  readonly env: string;
  readonly customClientMetadata: Readonly<Record<string, unknown>>;
}

export interface OrganizationRole extends Role {
  readonly organizationPermissions: readonly string[];
}

export interface Member {
  readonly app: string;
  readonly roles: readonly string[];
}

export interface Organization {
  readonly name: string;
  readonly description: string | undefined;
  /** The prefix of the names of its variables. */
  readonly env: string;
  readonly members: readonly Member[];
}

/** The required state of the tenant: the checked file, with defaults filled in. */
export interface Setup {
  readonly apis: readonly Api[];
  readonly roles: readonly Role[];
  readonly apps: readonly App[];
  readonly organizationPermissions: readonly Permission[];
  readonly organizationRoles: readonly OrganizationRole[];
  readonly organizations: readonly Organization[];
}
