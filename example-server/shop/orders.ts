import type { Money } from './money.js';

export interface Order {
  id: string;
  items: { productId: string; quantity: number }[];
  total: Money;
}

/** The orders of one day, as a statistics program wants them. */
export interface DailyOrders {
  date: string;
  count: number;
  revenue: Money;
  orders: Order[];
}

/** The orders of one shop, by day (`YYYY-MM-DD`, UTC). */
export type OrderBook = ReadonlyMap<string, readonly Order[]>;

/** Sums up one day; a day without orders has a revenue of zero. */
export function dailyOrders(book: OrderBook, date: string): DailyOrders {
  const orders = [...(book.get(date) ?? [])];
  const cents = orders.reduce((sum, { total }) => sum + total.cents, 0);
  return { date, count: orders.length, revenue: { cents, currency: 'EUR' }, orders };
}
