import type { Express } from 'express';
import { sendCreated, sendPage } from '../answers.js';
import { bodyOf } from '../body.js';
import { organization } from '../entries.js';
import { existing, known, refuseWhere } from '../refusals.js';
import { addPairs, byId, membersOf, type State, those } from '../state.js';
import type { Tenant } from './tenant.js';

/** Organizations, their apps and the organization roles of these apps. */
export function serveOrganizations(app: Express, { state, newId }: Tenant): void {
  app.get('/api/organizations', (req, res) => sendPage(req, res, byId(state.organizations)));
  app.post('/api/organizations', (req, res) => {
    const entry = organization(newId(12), bodyOf(req, ['name'], ['description']));
    state.organizations.push(entry);
    res.status(201).json(entry);
  });
  app.post('/api/organizations/:id/applications', (req, res) => {
    const { id } = existing(state.organizations, req.params.id, 'organizations');
    const { applicationIds } = bodyOf(req, ['applicationIds']);
    known(state.applications, applicationIds);
    addPairs(state.organizationApps, id, applicationIds);
    sendCreated(res);
  });
  app.get('/api/organizations/:id/applications', (req, res) => {
    // For an unknown organization, Logto returns an empty list.
    const { id } = req.params;
    const entries = those(state.applications, membersOf(state.organizationApps, id)).map((one) => {
      const roles = those(state.organizationRoles, membersOf(state.organizationAppRoles, `${id} ${one.id}`));
      return { ...one, organizationRoles: roles.map(({ id, name }) => ({ id, name })) };
    });
    sendPage(req, res, entries);
  });
  const path = '/api/organizations/:id/applications/:applicationId/roles';
  app.get(path, (req, res) => {
    const owner = membership(state, req.params);
    sendPage(req, res, those(state.organizationRoles, membersOf(state.organizationAppRoles, owner)));
  });
  app.post(path, (req, res) => {
    const owner = membership(state, req.params);
    const { organizationRoleIds } = bodyOf(req, ['organizationRoleIds']);
    known(state.organizationRoles, organizationRoleIds);
    addPairs(state.organizationAppRoles, owner, organizationRoleIds);
    sendCreated(res);
  });
}

function membership(state: State, { id, applicationId }: { id: string; applicationId: string }): string {
  existing(state.organizations, id, 'organizations');
  refuseWhere(
    !membersOf(state.organizationApps, id).includes(applicationId),
    422,
    'organization.require_membership',
    'The user must be a member of the organization to proceed.',
  );
  return `${id} ${applicationId}`;
}
