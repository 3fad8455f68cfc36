import express, {
  type Express,
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import { createLogtoAuth, type IssuerOptions } from '../../../src/index.js';
import { answerAsLogto, Refused } from './refusals.js';
import { serveApplications } from './routes/applications.js';
import { serveOrganizationRoles } from './routes/organization-roles.js';
import { serveOrganizations } from './routes/organizations.js';
import { serveRemovals } from './routes/removals.js';
import { serveResources } from './routes/resources.js';
import { serveRoles } from './routes/roles.js';
import type { Tenant } from './routes/tenant.js';
import { MANAGEMENT_API } from './seeds.js';

/**
 * Serves the Management API of a tenant below `/api`. It accepts tokens of this issuer with the permission `all`.
 *
 * @param watch Runs before each authorized call.
 */
export function serveManagementApi(
  app: Express,
  tenant: Tenant,
  { issuer, watch }: { issuer: IssuerOptions; watch: RequestHandler },
): void {
  const { requireScopes } = createLogtoAuth({
    issuers: [issuer],
    audience: MANAGEMENT_API,
    onError: answerAsLogto,
  });
  app.use('/api', requireScopes('all'), express.json(), watch);
  serveResources(app, tenant);
  serveRoles(app, tenant);
  serveApplications(app, tenant);
  serveOrganizationRoles(app, tenant);
  serveOrganizations(app, tenant);
  serveRemovals(app, tenant);
  app.use('/api', (_req, _res, next) => next(new Refused(404, { code: 'not_found', message: 'Not found' })));
  app.use((error: unknown, _req: Request, res: Response, next: NextFunction) => {
    if (error instanceof Refused) res.status(error.status).json(error.body);
    else next(error);
  });
}
