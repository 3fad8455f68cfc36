import { sharedResponses } from './answers.js';
import { orderPaths } from './orders.js';
import { organizationPaths } from './organizations.js';
import { productPaths } from './products.js';
import { componentSchemas } from './schemas.js';
import { securitySchemes, type TokenSource } from './security.js';

const description = `For the programs around the shop. A caller is a machine-to-machine app: it gets an access token from Logto with its id and secret, and sends it as a bearer token.

**Authorize** does that in this page. An app's secret belongs into a browser only to try things out.`;

/**
 * The OpenAPI 3.1 document of the shop's API. The probes and the metrics are no part of it: they are for whoever runs
 * the API, not for its callers.
 */
export function openApiDocument(source: TokenSource, today = new Date()) {
  return {
    openapi: '3.1.0',
    info: { title: "The shop's API", version: '1.0.0', description },
    tags: [
      { name: 'Products', description: "The shop's catalogue." },
      { name: 'Orders', description: 'What was ordered.' },
      {
        name: 'Organizations',
        description: 'What each partner has for itself, for tokens of that organization.',
      },
    ],
    paths: {
      ...productPaths({ path: '/products', tag: 'Products', scheme: 'shopApi', parameters: [], suffix: '' }),
      ...orderPaths(today.toISOString().slice(0, 10)),
      ...organizationPaths(source.organizationId),
    },
    components: {
      schemas: componentSchemas(),
      responses: sharedResponses,
      securitySchemes: securitySchemes(source),
    },
  };
}
