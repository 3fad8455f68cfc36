import { productIdSchema } from '../shop/catalogue.js';
import { responseRef, success } from './answers.js';
import { operation, parameter } from './operation.js';
import { inlineSchema, schemaRef } from './schemas.js';
import type { Scheme } from './security.js';

/** Where the routes of a catalogue are mounted. */
export interface Mount {
  path: string;
  tag: string;
  scheme: Scheme;
  /** The parameters of the path that they are mounted at. */
  parameters: object[];
  /** Ends the operations' ids, which no two may share. */
  suffix: string;
}

/** The paths of `routes/products.ts`. */
export function productPaths({ path, tag, scheme, parameters, suffix }: Mount) {
  const productId = parameter('path', 'id', "The product's id.", inlineSchema(productIdSchema), 'p1001');
  const common = { tags: [tag], scheme };
  const notFound = { 404: responseRef('NotFound') };
  // Inside an organization the organization itself may be one that the shop does not know.
  const ofCatalogue = parameters.length > 0 ? { 404: responseRef('NoSuchOrganization') } : {};
  const withBody = {
    requestBody: { required: true, content: { 'application/json': { schema: schemaRef('ProductFields') } } },
  };
  const ofBody = { 413: responseRef('TooLarge'), 415: responseRef('UnsupportedMediaType') };
  const location = {
    Location: { description: "The new product's path.", required: true, schema: { type: 'string' } },
  };

  return {
    [path]: {
      ...(parameters.length > 0 && { parameters }),
      get: operation({
        ...common,
        operationId: `listProducts${suffix}`,
        summary: 'All products',
        scope: 'read:products',
        responses: { 200: success('The products.', 'Products'), ...ofCatalogue },
      }),
      post: operation({
        ...common,
        ...withBody,
        operationId: `addProduct${suffix}`,
        summary: 'Add a product',
        scope: 'write:products',
        responses: {
          201: success('The product, with its id.', 'Product', location),
          ...ofBody,
          ...ofCatalogue,
        },
      }),
    },
    [`${path}/{id}`]: {
      parameters: [...parameters, productId],
      get: operation({
        ...common,
        operationId: `readProduct${suffix}`,
        summary: 'One product',
        scope: 'read:products',
        responses: { 200: success('The product.', 'Product'), ...notFound },
      }),
      put: operation({
        ...common,
        ...withBody,
        operationId: `changeProduct${suffix}`,
        summary: 'Change a product',
        scope: 'write:products',
        responses: { 200: success('The product as it is now.', 'Product'), ...ofBody, ...notFound },
      }),
      delete: operation({
        ...common,
        operationId: `removeProduct${suffix}`,
        summary: 'Take a product out',
        scope: 'delete:products',
        responses: { 204: { description: 'It is gone.' }, ...notFound },
      }),
    },
  };
}
