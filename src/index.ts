export type { AccessToken } from './access-token.js';
export type { IssuerOptions } from './checks/issuers.js';
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
export type { KeyValueStore } from './keys/key-store.js';
export { type AuthHealth, createLogtoAuth, type LogtoAuth } from './logto-auth.js';
export type { Guard } from './middleware/guard.js';
export type { GuardOptions, OrganizationGuardOptions } from './middleware/guards.js';
export { getAuth } from './middleware/request-auth.js';
export type { ResourceMetadataOptions } from './middleware/resource-metadata.js';
export type { GuardedRequest, JwksCacheOptions, LogtoAuthOptions, OrganizationRule } from './options.js';
export type { TokenCacheHealth } from './verification/token-cache.js';
export type { VerifyOptions } from './verify.js';
