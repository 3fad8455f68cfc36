import express, { type Express } from 'express';
import type { LogtoAuth } from 'express-logto-m2m';
import { answerProblem, noSuchRoute } from './http/problems.js';
import type { Metrics } from './metrics.js';
import { metricsRoute } from './routes/metrics.js';
import { orderRoutes } from './routes/orders.js';
import { organizationRoutes } from './routes/organizations.js';
import { probes } from './routes/probes.js';
import { productRoutes } from './routes/products.js';
import { createShop, type Shop } from './shop/shop.js';

/**
 * The API of an online shop, for the programs around it: statistics, catalogue upkeep, partners.
 *
 * | route                                     | permission                                           |
 * | ----------------------------------------- | ---------------------------------------------------- |
 * | `GET /products`, `GET /products/:id`      | `read:products`                                      |
 * | `POST /products`, `PUT /products/:id`     | `write:products`                                     |
 * | `DELETE /products/:id`                    | `delete:products`                                    |
 * | `GET /orders/daily?date=YYYY-MM-DD`       | `read:orders`                                        |
 * | `/organizations/:organizationId/products` | the same as `/products`, for that organization       |
 * | `/organizations/:organizationId/reports`  | `read:reports`, in a token of that organization      |
 * | `GET /healthz`, `GET /readyz`             | none: keep them off the public internet              |
 * | `GET /metrics`                            | none: keep it off the public internet                |
 *
 * @param auth - verifies every token
 * @param metrics - served at `/metrics`; without it, there is no such route
 */
export function createApp(auth: LogtoAuth, shop: Shop = createShop(), metrics?: Metrics): Express {
  const app = express();
  app.disable('x-powered-by');
  // Browsers must not guess another content type than the one of the response.
  app.use((_req, res, next) => {
    res.set('X-Content-Type-Options', 'nosniff');
    next();
  });

  app.use(probes(auth));
  if (metrics) app.use(metricsRoute(metrics));
  app.use('/products', productRoutes({ auth, organization: 'none', catalogueOf: () => shop.catalogue }));
  app.use('/orders', orderRoutes(auth, shop.orders));
  app.use('/organizations/:organizationId', organizationRoutes(auth, shop.organizations));

  app.use(noSuchRoute);
  app.use(answerProblem);
  return app;
}
