import { z } from 'zod';
import { productIdSchema } from './catalogue.js';
import { moneySchema } from './money.js';

/** A day, as `YYYY-MM-DD`. */
export const daySchema = z.iso.date();

export const orderSchema = z.strictObject({
  id: z.string(),
  items: z.array(z.strictObject({ productId: productIdSchema, quantity: z.int().min(1) })),
  total: moneySchema,
});

/** The orders of one day, as a statistics program wants them. */
export const dailyOrdersSchema = z.strictObject({
  date: daySchema,
  count: z.int().min(0),
  revenue: moneySchema,
  orders: z.array(orderSchema),
});

export type Order = z.infer<typeof orderSchema>;
export type DailyOrders = z.infer<typeof dailyOrdersSchema>;

/** The orders of one shop, by day (`YYYY-MM-DD`, UTC). */
export type OrderBook = ReadonlyMap<string, readonly Order[]>;

/** Sums up one day; a day without orders has a revenue of zero. */
export function dailyOrders(book: OrderBook, date: string): DailyOrders {
  const orders = [...(book.get(date) ?? [])];
  const cents = orders.reduce((sum, { total }) => sum + total.cents, 0);
  return { date, count: orders.length, revenue: { cents, currency: 'EUR' }, orders };
}
