import type { Express } from 'express';
import { sendCreated, sendPage } from '../answers.js';
import { bodyOf } from '../body.js';
import { role } from '../entries.js';
import { existing, known, refuseWhere } from '../refusals.js';
import { byId, membersOf, those } from '../state.js';
import type { Tenant } from './tenant.js';

/** Roles, their permissions and their apps. */
export function serveRoles(app: Express, { state, newId }: Tenant): void {
  app.get('/api/roles', (req, res) => {
    const { type } = req.query;
    const entries = state.roles
      .filter((one) => type === undefined || one['type'] === type)
      .map((one) => {
        const apps = membersOf(state.roleApps, one.id);
        const featured = state.applications.filter(({ id }) => apps.includes(id));
        return {
          ...one,
          usersCount: 0,
          featuredUsers: [],
          applicationsCount: apps.length,
          featuredApplications: featured.map(({ id, name, type }) => ({ id, name, type })),
        };
      });
    sendPage(req, res, entries);
  });
  app.post('/api/roles', (req, res) => {
    const body = bodyOf(req, ['name', 'description', 'type'], ['scopeIds']);
    const { name, description, type, scopeIds = [] } = body;
    refuseWhere(
      state.roles.some((one) => one.name === name),
      422,
      'role.name_in_use',
      `This role name ${name} is already in use`,
    );
    known(state.scopes, scopeIds);
    const entry = role(newId(), { name, description, type });
    state.roles.push(entry);
    for (const id of scopeIds) state.roleScopes.push([entry.id, id]);
    res.json(entry);
  });
  const scopesOfRole = (id: string) => {
    const ids = membersOf(state.roleScopes, id);
    return byId(state.scopes.filter((one) => ids.includes(one.id)));
  };
  app.get('/api/roles/:id/scopes', (req, res) => {
    const { id } = existing(state.roles, req.params.id, 'roles');
    const entries = scopesOfRole(id).map((one) => ({
      ...one,
      resource: state.resources.find((candidate) => candidate.id === one['resourceId']),
    }));
    sendPage(req, res, entries);
  });
  app.post('/api/roles/:id/scopes', (req, res) => {
    const { id } = existing(state.roles, req.params.id, 'roles');
    const { scopeIds } = bodyOf(req, ['scopeIds']);
    known(state.scopes, scopeIds);
    const twice = membersOf(state.roleScopes, id).find((one) => scopeIds.includes(one));
    refuseWhere(
      twice !== undefined,
      422,
      'role.scope_exists',
      `The scope id ${twice} has already been added to this role`,
    );
    for (const one of scopeIds) state.roleScopes.push([id, one]);
    res.status(201).json(scopesOfRole(id));
  });
  app.get('/api/roles/:id/applications', (req, res) => {
    const { id } = existing(state.roles, req.params.id, 'roles');
    sendPage(req, res, those(state.applications, membersOf(state.roleApps, id)));
  });
  app.post('/api/roles/:id/applications', (req, res) => {
    const { id } = existing(state.roles, req.params.id, 'roles');
    const { applicationIds } = bodyOf(req, ['applicationIds']);
    known(state.applications, applicationIds);
    // This is a bug of Logto: it never replaces the placeholder.
    refuseWhere(
      membersOf(state.roleApps, id).some((one) => applicationIds.includes(one)),
      422,
      'role.application_exists',
      'The application id {{applicationId}} is already been added to this role',
    );
    for (const one of applicationIds) state.roleApps.push([id, one]);
    sendCreated(res);
  });
}
