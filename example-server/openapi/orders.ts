import { daySchema } from '../shop/orders.js';
import { success } from './answers.js';
import { operation, parameter } from './operation.js';
import { inlineSchema } from './schemas.js';

/** The path of `routes/orders.ts`. */
export function orderPaths(today: string) {
  return {
    '/orders/daily': {
      get: operation({
        operationId: 'readDailyOrders',
        summary: 'What was ordered on one day',
        tags: ['Orders'],
        scheme: 'shopApi',
        scope: 'read:orders',
        parameters: [parameter('query', 'date', 'The day, in UTC.', inlineSchema(daySchema), today)],
        responses: { 200: success("The day's orders and revenue.", 'DailyOrders') },
      }),
    },
  };
}
