import { type Request, Router } from 'express';
import type { GuardedRequest, LogtoAuth } from 'express-logto-m2m';
import { found } from '../http/problems.js';
import type { PartnerShop, Shop } from '../shop/shop.js';
import { productRoutes } from './products.js';

/** What each organization has for itself. A caller needs a token for the very organization in the path. */
export function organizationRoutes(auth: LogtoAuth, organizations: Shop['organizations']): Router {
  const router = Router({ mergeParams: true });

  // A token for the API inside the organization: asked for with `resource` and `organization_id`.
  router.use(
    '/products',
    productRoutes({
      auth,
      organization: organizationOf,
      catalogueOf: (params) => partnerShop(params).catalogue,
    }),
  );

  // The organization's own token: asked for with `organization_id` alone.
  router.get(
    '/reports',
    auth.requireOrganizationScopes('read:reports', { organization: organizationOf }),
    (req, res) => {
      const { name, reports } = partnerShop(req.params);
      res.json({ organization: name, reports });
    },
  );

  return router;

  // Logto may know an organization that the shop does not.
  function partnerShop({ organizationId }: Request['params']): PartnerShop {
    return found(organizations.get(String(organizationId)), 'organization');
  }
}

function organizationOf({ params: { organizationId } }: GuardedRequest): string | undefined {
  return organizationId;
}
