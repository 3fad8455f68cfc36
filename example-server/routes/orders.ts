import { Router } from 'express';
import type { LogtoAuth } from 'express-logto-m2m';
import { z } from 'zod';
import { validate } from '../http/validate.js';
import { dailyOrders, daySchema, type OrderBook } from '../shop/orders.js';

const dailyQuerySchema = z.object({ date: daySchema });

/** The orders of one day. */
export function orderRoutes({ requireScopes }: LogtoAuth, orders: OrderBook): Router {
  const router = Router();

  router.get('/daily', requireScopes('read:orders'), (req, res) => {
    const { date } = validate(dailyQuerySchema, req.query, 'query');
    res.json(dailyOrders(orders, date));
  });

  return router;
}
