import type { Express } from 'express';
import { existing } from '../refusals.js';
import type { Tenant } from './tenant.js';

/** Deletes entries of every kind, as the last of the recorded calls do. */
export function serveRemovals(app: Express, { state }: Tenant): void {
  const tables = {
    resources: 'resources',
    roles: 'roles',
    applications: 'applications',
    organizations: 'organizations',
    'organization-roles': 'organizationRoles',
    'organization-scopes': 'organizationScopes',
  } as const;
  for (const [path, table] of Object.entries(tables)) {
    app.delete(`/api/${path}/:id`, (req, res) => {
      const { id } = existing(state[table], String(req.params['id']), path.replace('-', '_'));
      state[table] = state[table].filter((one) => one.id !== id);
      if (table === 'resources') state.scopes = state.scopes.filter((one) => one['resourceId'] !== id);
      if (table === 'applications') state.secrets = state.secrets.filter((one) => one.applicationId !== id);
      res.status(204).end();
    });
  }
}
