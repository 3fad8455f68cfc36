import { show } from '../options/option-error.js';

/**
 * Returns the indicator of Logto's Management API, for the `resource` option. Its only permission is `all`.
 *
 * @param tenantId - the tenant of Logto Cloud; `default` if Logto is self-hosted
 * @throws TypeError if it is not a tenant id
 */
export function managementApiResource(tenantId = 'default'): string {
  if (typeof tenantId === 'string' && /^[\w-]+$/.test(tenantId)) return `https://${tenantId}.logto.app/api`;
  throw new TypeError(
    `managementApiResource: \`tenantId\` must be only a tenant's id, such as your-tenant, not ${show(tenantId)}.`,
  );
}
