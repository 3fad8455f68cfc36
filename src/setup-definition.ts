/** A permission's description by its name. The description may be empty. */
export type SetupPermissions = Readonly<Record<string, string>>;

/** The permissions that a role gives: a list for each API, by the API's indicator. */
export type SetupPermissionsByApi = Readonly<Record<string, readonly string[]>>;

/** An API resource. It is found by its indicator. */
export interface SetupApi {
  /** Its name in the Logto Console. */
  readonly name: string;
  /** The API resource indicator (RFC 8707 section 2): what `LOGTO_AUDIENCE` holds. */
  readonly indicator: string;
  /** Its permissions. */
  readonly permissions: SetupPermissions;
  /** How long an access token for the API is valid, in seconds. Logto's default is 3600. */
  readonly accessTokenTtl?: number | undefined;
}

/** A machine-to-machine role. It is found by its name. */
export interface SetupRole {
  /** Its name in the Logto Console. */
  readonly name: string;
  /** Its description in the Logto Console. Default for a new role: its name. */
  readonly description?: string | undefined;
  /** The permissions that it gives. */
  readonly permissions: SetupPermissionsByApi;
}

/** A machine-to-machine app. It is found by its name. */
export interface SetupApp {
  /** Its name in the Logto Console. */
  readonly name: string;
  /** Its description in the Logto Console. */
  readonly description?: string | undefined;
  /** The names of its roles. */
  readonly roles?: readonly string[] | undefined;
  /**
   * What its variables begin with in the file of `--write-env`: `LOGTO_APP` gives `LOGTO_APP_ID` and
   * `LOGTO_APP_SECRET`. Default: its name in capitals.
   */
  readonly env?: string | undefined;
  /** Settings for which the Logto Console has no field, such as `corsAllowedOrigins`. */
  readonly customClientMetadata?: Readonly<Record<string, unknown>> | undefined;
}

/** A machine-to-machine organization role. It is found by its name. */
export interface SetupOrganizationRole {
  /** Its name in the Logto Console. */
  readonly name: string;
  /** Its description in the Logto Console. */
  readonly description?: string | undefined;
  /** The organization permissions that it gives. */
  readonly organizationPermissions?: readonly string[] | undefined;
  /** The permissions of APIs that it gives, inside the organization. */
  readonly permissions?: SetupPermissionsByApi | undefined;
}

/** An app that is a member of an organization. */
export interface SetupMember {
  /** The name of the app. */
  readonly app: string;
  /** The names of the organization roles that the app has in the organization. */
  readonly roles?: readonly string[] | undefined;
}

/** An organization. It is found by its name. */
export interface SetupOrganization {
  /** Its name in the Logto Console. */
  readonly name: string;
  /** Its description in the Logto Console. */
  readonly description?: string | undefined;
  /** What its variable begins with in the file of `--write-env`. Default: its name in capitals. */
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
 * Returns its argument: it gives a set-up file that is an ES module the types of its members.
 *
 * @example
 * export default defineSetup({
 *   api: { name: 'Shop', indicator: 'https://shopping.api', permissions: { 'read:products': 'Read the products' } },
 * });
 */
export function defineSetup(setup: SetupDefinition): SetupDefinition {
  return setup;
}
