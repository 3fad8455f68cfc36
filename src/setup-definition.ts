/** Permission descriptions by permission name. A description may be empty. */
export type SetupPermissions = Readonly<Record<string, string>>;

/** The permissions that a role grants: one list for each API, by the indicator of the API. */
export type SetupPermissionsByApi = Readonly<Record<string, readonly string[]>>;

/** An API resource, identified by its indicator. */
export interface SetupApi {
  /** Its name in the Logto Console. */
  readonly name: string;
  /** The API resource indicator (RFC 8707 section 2): the value of `LOGTO_AUDIENCE`. */
  readonly indicator: string;
  /** Its permissions. */
  readonly permissions: SetupPermissions;
  /** How long an access token for the API is valid, in seconds. Logto's default is 3600. */
  readonly accessTokenTtl?: number | undefined;
}

/** A machine-to-machine role, identified by its name. */
export interface SetupRole {
  /** Its name in the Logto Console. */
  readonly name: string;
  /** Its description in the Logto Console. Default for a new role: its name. */
  readonly description?: string | undefined;
  /** The permissions that it grants. */
  readonly permissions: SetupPermissionsByApi;
}

/** A machine-to-machine app, identified by its name. */
export interface SetupApp {
  /** Its name in the Logto Console. */
  readonly name: string;
  /** Its description in the Logto Console. */
  readonly description?: string | undefined;
  /** The names of its roles. */
  readonly roles?: readonly string[] | undefined;
  /**
   * The prefix of its variables in the file of `--write-env`: `LOGTO_APP` results in `LOGTO_APP_ID` and
   * `LOGTO_APP_SECRET`. Default: its name in capitals.
   */
  readonly env?: string | undefined;
  /** Settings for which the Logto Console has no field, such as `corsAllowedOrigins`. */
  readonly customClientMetadata?: Readonly<Record<string, unknown>> | undefined;
}

/** A machine-to-machine organization role, identified by its name. */
export interface SetupOrganizationRole {
  /** Its name in the Logto Console. */
  readonly name: string;
  /** Its description in the Logto Console. */
  readonly description?: string | undefined;
  /** The organization permissions that it grants. */
  readonly organizationPermissions?: readonly string[] | undefined;
  /** The API permissions that it grants inside the organization. */
  readonly permissions?: SetupPermissionsByApi | undefined;
}

/** An app that is a member of an organization. */
export interface SetupMember {
  /** The name of the app. */
  readonly app: string;
  /** The names of the organization roles that the app has in the organization. */
  readonly roles?: readonly string[] | undefined;
}

/** An organization, identified by its name. */
export interface SetupOrganization {
  /** Its name in the Logto Console. */
  readonly name: string;
  /** Its description in the Logto Console. */
  readonly description?: string | undefined;
  /** The prefix of its variable in the file of `--write-env`. Default: its name in capitals. */
  readonly env?: string | undefined;
  /** The apps that are members of it. */
  readonly members?: readonly SetupMember[] | undefined;
}

/** What a Logto tenant must have: the content of the file that `logto-m2m setup` reads. */
export interface SetupDefinition {
  /** The address of the JSON Schema, for editors. */
  readonly $schema?: string | undefined;
  /** The API resource, or several. */
  readonly api?: SetupApi | readonly SetupApi[] | undefined;
  /** Machine-to-machine roles. */
  readonly roles?: readonly SetupRole[] | undefined;
  /** Machine-to-machine apps. */
  readonly apps?: readonly SetupApp[] | undefined;
  /** The permissions of organization tokens. */
  readonly organizationPermissions?: SetupPermissions | undefined;
  /** Machine-to-machine roles that apps have in an organization. */
  readonly organizationRoles?: readonly SetupOrganizationRole[] | undefined;
  /** Organizations, and the apps that are members of them. */
  readonly organizations?: readonly SetupOrganization[] | undefined;
}

/**
 * Returns its argument. In a set-up file that is an ES module, it adds the types of the members.
 *
 * @example
 * export default defineSetup({
 *   api: { name: 'Shop', indicator: 'https://shopping.api', permissions: { 'read:products': 'Read the products' } },
 * });
 */
export function defineSetup(setup: SetupDefinition): SetupDefinition {
  return setup;
}
