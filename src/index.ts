/**
 * Express middleware that lets only the machine-to-machine apps with the right Logto permission call an API.
 *
 * @module express-logto-m2m
 */

export type { AccessToken } from './access-token.js';
export {
  authenticate,
  defaultAuth,
  requireAnyScope,
  requireOrganizationScopes,
  requireScopes,
} from './default-auth.js';
export type {
  AuthorizedMessage,
  DeniedMessage,
  KeysFailedMessage,
  KeysRefreshedMessage,
} from './diagnostics.js';
export {
  AuthError,
  type AuthErrorBody,
  type AuthErrorCode,
  type AuthErrorDetails,
  type AuthErrorReason,
} from './errors.js';
export type { KeyHealth } from './keys/key-source.js';
export type { IgnoredKey } from './keys/verification-key.js';
export { type AuthHealth, createLogtoAuth, type LogtoAuth } from './logto-auth.js';
export type { Guard } from './middleware/guard.js';
export type {
  GuardMakers,
  GuardOptions,
  OrganizationGuardOptions,
  RequireOrganizationScopes,
  RequireScopes,
} from './middleware/guard-makers.js';
export { getAuth } from './middleware/request-auth.js';
export type { ResourceMetadataMaker, ResourceMetadataOptions } from './middleware/resource-metadata.js';
export type { Fetch, FetchInit, FetchResponse } from './options/fetch.js';
export type { IssuerOptions } from './options/issuers.js';
export type { JwksCacheOptions } from './options/jwks-cache.js';
export type { GuardedRequest, LogtoAuthOptions, OrganizationRule } from './options/logto-auth-options.js';
export {
  defineSetup,
  type SetupApi,
  type SetupApp,
  type SetupDefinition,
  type SetupMember,
  type SetupOrganization,
  type SetupOrganizationRole,
  type SetupPermissions,
  type SetupPermissionsByApi,
  type SetupRole,
} from './setup-definition.js';
export type { KeyValueStore } from './util/key-value-store.js';
export type { TokenCacheHealth } from './verification/token-cache.js';
export type { OrganizationId, VerifyOptions } from './verify.js';
