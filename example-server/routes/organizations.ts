import { type Request, Router } from 'express';
import type { GuardedRequest, LogtoAuth } from 'express-logto-m2m';
import { found } from '../http/problems.js';
import type { PartnerShop, Shop } from '../shop/shop.js';
import { productRoutes } from './products.js';

/** The routes of one organization. The token must be valid for the organization in the path. */
export function organizationRoutes(auth: LogtoAuth, organizations: Shop['organizations']): Router {
  const router = Router({ mergeParams: true });

  // For tokens for the API inside the organization, requested with `resource` and `organization_id`.
  router.use(
    '/products',
    productRoutes({
      auth,
      organization: organizationOf,
      catalogueOf: (params) => partnerShop(params).catalogue,
    }),
  );

  // For the organization's own tokens, requested with `organization_id` and without `resource`.
  router.get(
    '/reports',
    auth.requireOrganizationScopes('read:reports', { organization: organizationOf }),
    (req, res) => {
      const { name, reports } = partnerShop(req.params);
      res.json({ organization: name, reports });
    },
  );

  return router;

  // Logto may have organizations that the shop does not know.
  function partnerShop({ organizationId }: Request['params']): PartnerShop {
    return found(organizations.get(String(organizationId)), 'organization');
  }
}

function organizationOf({ params: { organizationId } }: GuardedRequest): string | undefined {
  return organizationId;
}
