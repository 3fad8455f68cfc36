import { z } from 'zod';
import type { Money } from './money.js';

/** A day, as `YYYY-MM-DD`. */
export const daySchema = z.iso.date();

export interface Order {
  id: string;
  items: { productId: string; quantity: number }[];
  total: Money;
}

/** The orders of one day. */
export interface DailyOrders {
  date: string;
  count: number;
  revenue: Money;
  orders: Order[];
}

/** The orders of one shop, by day (`YYYY-MM-DD`, UTC). */
export type OrderBook = ReadonlyMap<string, readonly Order[]>;

/** Returns the orders and the revenue of one day; a day without orders has a revenue of zero. */
export function dailyOrders(book: OrderBook, date: string): DailyOrders {
  const orders = [...(book.get(date) ?? [])];
  const cents = orders.reduce((sum, { total }) => sum + total.cents, 0);
  return { date, count: orders.length, revenue: { cents, currency: 'EUR' }, orders };
}
