import type { Express } from 'express';
import { sendPage } from '../answers.js';
import { bodyOf } from '../body.js';
import { resource, scope } from '../entries.js';
import { existing, refuseWhere, tooShort } from '../refusals.js';
import { byId } from '../state.js';
import type { Tenant } from './tenant.js';

/** API resources and their permissions. */
export function serveResources(app: Express, { state, newId }: Tenant): void {
  app.get('/api/resources', (req, res) => {
    const entries = byId(state.resources).map((one) =>
      req.query['includeScopes'] === 'true'
        ? { ...one, scopes: byId(state.scopes.filter(({ resourceId }) => resourceId === one.id)) }
        : one,
    );
    sendPage(req, res, entries);
  });
  app.post('/api/resources', (req, res) => {
    const { name, indicator, accessTokenTtl } = bodyOf(req, ['name', 'indicator'], ['accessTokenTtl']);
    if (name === '') throw tooShort('name');
    refuseWhere(
      state.resources.some((one) => one['indicator'] === indicator),
      422,
      'resource.resource_identifier_in_use',
      `The API identifier ${indicator} is already in use`,
    );
    const entry = resource(newId(), { name, indicator, accessTokenTtl });
    state.resources.push(entry);
    res.status(201).json({ ...entry, scopes: [] });
  });
  app.get('/api/resources/:id/scopes', (req, res) => {
    const { id } = existing(state.resources, req.params.id, 'resources');
    sendPage(req, res, byId(state.scopes.filter(({ resourceId }) => resourceId === id)));
  });
  app.post('/api/resources/:id/scopes', (req, res) => {
    const { id: resourceId } = existing(state.resources, req.params.id, 'resources');
    const { name, description } = bodyOf(req, ['name'], ['description']);
    refuseWhere(
      name.includes(' '),
      400,
      'scope.name_with_space',
      'The name of the scope cannot contain any spaces.',
    );
    refuseWhere(
      state.scopes.some((one) => one['resourceId'] === resourceId && one.name === name),
      422,
      'scope.name_exists',
      `The scope name ${name} is already in use`,
    );
    const entry = scope(newId(), resourceId, { name, description });
    state.scopes.push(entry);
    res.status(201).json(entry);
  });
}
