import express, { type Request, Router } from 'express';
import type { LogtoAuth, OrganizationRule } from 'express-logto-m2m';
import { found } from '../http/problems.js';
import { validate } from '../http/validate.js';
import { type Catalogue, productFieldsSchema, productIdSchema } from '../shop/catalogue.js';

interface ProductRoutesOptions {
  auth: LogtoAuth;
  /** The organization rule of the guards. */
  organization: OrganizationRule;
  /** Returns the catalogue of a request; may throw a 404. */
  catalogueOf: (params: Request['params']) => Catalogue;
}

/**
 * The routes of a catalogue. The guard of each route comes first: a caller without the permission learns nothing about
 * the input, and cannot make the server parse a body.
 */
export function productRoutes({ auth, organization, catalogueOf }: ProductRoutesOptions): Router {
  // mergeParams: the guards and catalogueOf read :organizationId from the path at which this router is mounted.
  const router = Router({ mergeParams: true });
  const allowed = (scope: string) => auth.requireScopes(scope, { organization });
  const jsonBody = express.json({ limit: '16kb' });

  router.get('/', allowed('read:products'), (req, res) => {
    res.json({ products: catalogueOf(req.params).list() });
  });

  router.get('/:id', allowed('read:products'), (req, res) => {
    const id = productId(req);
    res.json(found(catalogueOf(req.params).find(id), 'product'));
  });

  router.post('/', allowed('write:products'), jsonBody, (req, res) => {
    const product = catalogueOf(req.params).add(productFields(req));
    res.status(201).location(`${req.baseUrl}/${product.id}`).json(product);
  });

  router.put('/:id', allowed('write:products'), jsonBody, (req, res) => {
    const id = productId(req);
    const fields = productFields(req);
    res.json(found(catalogueOf(req.params).replace(id, fields), 'product'));
  });

  router.delete('/:id', allowed('delete:products'), (req, res) => {
    const id = productId(req);
    found(catalogueOf(req.params).remove(id), 'product');
    res.status(204).end();
  });

  return router;
}

function productId(req: Request<{ id: string }>) {
  return validate(productIdSchema, req.params.id, 'id');
}

function productFields(req: { body: unknown }) {
  return validate(productFieldsSchema, req.body, 'body');
}
