import type { Express } from 'express';
import { sendCreated, sendPage } from '../answers.js';
import { bodyOf } from '../body.js';
import { tenantId } from '../entries.js';
import { existing, known, unique } from '../refusals.js';
import { addPairs, byName, type Entry, membersOf, those } from '../state.js';
import type { Tenant } from './tenant.js';

/** Organization permissions and organization roles: the organization template. */
export function serveOrganizationRoles(app: Express, { state, newId }: Tenant): void {
  app.get('/api/organization-scopes', (req, res) => sendPage(req, res, byName(state.organizationScopes)));
  app.post('/api/organization-scopes', (req, res) => {
    const { name, description } = bodyOf(req, ['name'], ['description']);
    unique(state.organizationScopes, name);
    const entry = { tenantId, id: newId(), name, description: description ?? null };
    state.organizationScopes.push(entry);
    res.status(201).json(entry);
  });
  app.get('/api/organization-roles', (req, res) => {
    const named = ({ id, name }: Entry) => ({ id, name });
    const entries = byName(state.organizationRoles).map((one) => ({
      ...one,
      scopes: those(state.organizationScopes, membersOf(state.organizationRoleScopes, one.id)).map(named),
      resourceScopes: those(state.scopes, membersOf(state.organizationRoleResourceScopes, one.id)).map(
        (its) => ({
          ...named(its),
          resource: those(state.resources, [String(its['resourceId'])]).map(named)[0],
        }),
      ),
    }));
    sendPage(req, res, entries);
  });
  app.get('/api/organization-roles/:id/scopes', (req, res) => {
    const { id } = existing(state.organizationRoles, req.params.id, 'organization_roles');
    sendPage(req, res, those(state.organizationScopes, membersOf(state.organizationRoleScopes, id)));
  });
  app.get('/api/organization-roles/:id/resource-scopes', (req, res) => {
    const { id } = existing(state.organizationRoles, req.params.id, 'organization_roles');
    sendPage(req, res, those(state.scopes, membersOf(state.organizationRoleResourceScopes, id)));
  });
  app.post('/api/organization-roles', (req, res) => {
    const body = bodyOf(req, ['name', 'type', 'organizationScopeIds', 'resourceScopeIds'], ['description']);
    const { name, description, type, organizationScopeIds, resourceScopeIds } = body;
    unique(state.organizationRoles, name);
    known(state.organizationScopes, organizationScopeIds);
    known(state.scopes, resourceScopeIds);
    const entry = { tenantId, id: newId(), name, description: description ?? null, type };
    state.organizationRoles.push(entry);
    addPairs(state.organizationRoleScopes, entry.id, organizationScopeIds);
    addPairs(state.organizationRoleResourceScopes, entry.id, resourceScopeIds);
    res.status(201).json(entry);
  });
  app.post('/api/organization-roles/:id/scopes', (req, res) => {
    const { id } = existing(state.organizationRoles, req.params.id, 'organization_roles');
    const { organizationScopeIds } = bodyOf(req, ['organizationScopeIds']);
    known(state.organizationScopes, organizationScopeIds);
    addPairs(state.organizationRoleScopes, id, organizationScopeIds);
    sendCreated(res);
  });
  app.post('/api/organization-roles/:id/resource-scopes', (req, res) => {
    const { id } = existing(state.organizationRoles, req.params.id, 'organization_roles');
    const { scopeIds } = bodyOf(req, ['scopeIds']);
    known(state.scopes, scopeIds);
    addPairs(state.organizationRoleResourceScopes, id, scopeIds);
    sendCreated(res);
  });
}
