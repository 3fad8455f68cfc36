import { randomBytes } from 'node:crypto';
import type { Entry, Secret } from './state.js';

export const tenantId = 'default';

/** The input of a call or of the Console. */
type Given = { name: string; description?: string | null | undefined };

export function resource(
  id: string,
  { name, indicator, accessTokenTtl = 3600 }: { name: string; indicator: string; accessTokenTtl?: number },
): Entry {
  return { tenantId, id, name, indicator, isDefault: false, accessTokenTtl };
}

export function scope(id: string, resourceId: string, { name, description = null }: Given): Entry {
  return { tenantId, id, resourceId, name, description, createdAt: Date.now() };
}

export function role(id: string, { name, description, type }: Given & { type: string }): Entry {
  return { tenantId, id, name, description, type, isDefault: false };
}

export function application(
  id: string,
  {
    name,
    description,
    type,
    customClientMetadata = {},
  }: Given & { type: string; customClientMetadata?: Record<string, unknown> },
): Entry {
  return {
    tenantId,
    id,
    name,
    description: description ?? null,
    type,
    oidcClientMetadata: { redirectUris: [], postLogoutRedirectUris: [] },
    customClientMetadata,
    protectedAppMetadata: null,
    customData: {},
    isThirdParty: false,
    appLevelAccessControlEnabled: false,
    createdAt: Date.now(),
  };
}

export function organization(id: string, { name, description }: Given): Entry {
  return {
    tenantId,
    id,
    name,
    description: description ?? null,
    customData: {},
    isMfaRequired: false,
    color: {},
    branding: {},
    customCss: null,
    createdAt: Date.now(),
  };
}

export function secretOf(applicationId: string): Secret {
  const value = randomBytes(24).toString('base64url').replace(/[-_]/g, 'x');
  return { tenantId, applicationId, name: 'Default secret', value, createdAt: Date.now(), expiresAt: null };
}
