import type { ManagementApi } from './management-api.js';
import { planApi, planApp, planRole } from './plan-apps.js';
import { planOrganizations } from './plan-organizations.js';
import type { Setup } from './setup.js';
import { Ids, type Step } from './steps.js';
import type { Tenant } from './tenant.js';

/** The steps in their order, and the ids of existing entities. A step that creates an entity adds its id. */
export interface Plan {
  readonly steps: readonly Step[];
  readonly ids: Ids;
}

/** Compares the file with the tenant. Creates nothing until the steps are run. @throws SetupError */
export async function planFor(api: ManagementApi, setup: Setup, tenant: Tenant): Promise<Plan> {
  const ids = new Ids();
  const steps: Step[] = [];
  for (const one of setup.apis) steps.push(...planApi(api, ids, one, tenant));
  for (const role of setup.roles) steps.push(...(await planRole(api, ids, role, tenant)));
  for (const app of setup.apps) steps.push(...(await planApp(api, ids, app, tenant)));
  steps.push(...(await planOrganizations(api, ids, setup, tenant)));
  return { steps, ids };
}
