import { show } from '../checks/values.js';

/**
 * The indicator of Logto's own Management API, to be asked for as `resource`. Its one permission is `all`.
 *
 * @param tenantId - the tenant of Logto Cloud; `default` where Logto is self-hosted
 * @throws TypeError when it is no tenant id
 */
export function managementApiResource(tenantId = 'default'): string {
  if (typeof tenantId === 'string' && /^[\w-]+$/.test(tenantId)) return `https://${tenantId}.logto.app/api`;
  throw new TypeError(
    `managementApiResource: \`tenantId\` must be a tenant's id alone, as your-tenant, not ${show(tenantId)}.`,
  );
}
