import type { Express } from 'express';
import { sendPage } from '../answers.js';
import { bodyOf } from '../body.js';
import { application, secretOf } from '../entries.js';
import { existing } from '../refusals.js';
import { ownersOf } from '../state.js';
import type { Tenant } from './tenant.js';

/** Apps, their secrets and roles. */
export function serveApplications(app: Express, { state, newId }: Tenant): void {
  app.get('/api/applications', (req, res) => {
    const { types } = req.query;
    const entries = state.applications.filter((one) => types === undefined || one['type'] === types);
    sendPage(req, res, entries.reverse());
  });
  app.post('/api/applications', (req, res) => {
    const body = bodyOf(req, ['name', 'type'], ['description', 'customClientMetadata']);
    const entry = application(newId(), body);
    state.applications.push(entry);
    state.secrets.push(secretOf(entry.id));
    res.json(entry);
  });
  app.get('/api/applications/:id/secrets', (req, res) => {
    const { id } = existing(state.applications, req.params.id, 'applications');
    res.json(state.secrets.filter(({ applicationId }) => applicationId === id));
  });
  app.get('/api/applications/:id/roles', (req, res) => {
    const { id } = existing(state.applications, req.params.id, 'applications');
    const ids = ownersOf(state.roleApps, id);
    sendPage(
      req,
      res,
      state.roles.filter((one) => ids.includes(one.id)),
    );
  });
}
