import express, { type Request, Router } from 'express';
import type { LogtoAuth, OrganizationRule } from 'express-logto-m2m';
import { found } from '../http/problems.js';
import { validate } from '../http/validate.js';
import { type Catalogue, productFieldsSchema, productIdSchema } from '../shop/catalogue.js';

interface ProductRoutesOptions {
  auth: LogtoAuth;
  /** Which organization a caller's token must hold for. */
  organization: OrganizationRule;
  /** Whose products a request is about; it may throw a 404. */
  catalogueOf: (params: Request['params']) => Catalogue;
}

/**
 * The products of a catalogue. On each route the guard stands first: whoever may not use it learns nothing about
 * its input, and cannot make the server parse a body.
 */
export function productRoutes({ auth, organization, catalogueOf }: ProductRoutesOptions): Router {
  // mergeParams: the guards and catalogueOf read the :organizationId of the path that this router is mounted at.
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
