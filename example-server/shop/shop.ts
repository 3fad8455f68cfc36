import { Catalogue, type ProductFields } from './catalogue.js';
import type { Money } from './money.js';
import type { Order, OrderBook } from './orders.js';

/** A business customer that sells on the same platform under its own name. */
export interface PartnerShop {
  name: string;
  catalogue: Catalogue;
  reports: MonthlyReport[];
}

export interface MonthlyReport {
  /** As `YYYY-MM`. */
  month: string;
  orders: number;
  revenue: Money;
}

/** The data of the API. */
export interface Shop {
  catalogue: Catalogue;
  orders: OrderBook;
  /** By the ids of the organizations in Logto. */
  organizations: ReadonlyMap<string, PartnerShop>;
}

/**
 * Creates a shop with sample data.
 *
 * @param today - the last day with orders
 */
export function createShop(today = new Date(), cornerShopId = 'tgqjike3k7pu'): Shop {
  const catalogue = new Catalogue([
    product('Espresso beans, 1 kg', 1890, 120),
    product('Filter coffee, 500 g', 990, 85),
    product('Burr grinder', 12900, 14),
    product('Pour-over dripper', 2450, 40),
    product('Paper filters, 100 pieces', 450, 300),
    product('Milk jug, 350 ml', 1690, 22),
  ]);
  return {
    catalogue,
    orders: new Map([
      [dayBefore(today, 1), [order(1, { p1002: 3 }), order(2, { p1001: 2, p1005: 1 })]],
      [
        dayBefore(today, 0),
        [order(3, { p1001: 1, p1006: 1 }), order(4, { p1003: 1 }), order(5, { p1005: 4 })],
      ],
    ]),
    organizations: new Map([
      [
        cornerShopId,
        {
          name: 'Corner Shop',
          catalogue: new Catalogue([product('Sourdough loaf', 520, 30), product('Oat milk, 1 l', 230, 48)]),
          reports: [report('2026-09', 412, 618_320), report('2026-10', 455, 702_145)],
        },
      ],
      [
        'w1h7qob3z0o3',
        {
          name: 'Farm Shop',
          catalogue: new Catalogue([product('Eggs, 10 pieces', 390, 60), product('Potatoes, 5 kg', 640, 25)]),
          reports: [report('2026-09', 97, 143_080), report('2026-10', 121, 180_945)],
        },
      ],
    ]),
  };

  function order(number: number, quantities: Record<string, number>): Order {
    const items = Object.entries(quantities).map(([productId, quantity]) => ({ productId, quantity }));
    const prices = items.map(({ productId, quantity }) => quantity * priceOf(productId));
    return { id: `o${2000 + number}`, items, total: euros(prices.reduce((sum, price) => sum + price)) };
  }

  function priceOf(productId: string): number {
    return catalogue.find(productId)?.price.cents ?? 0;
  }
}

function product(name: string, cents: number, stock: number): ProductFields {
  return { name, price: euros(cents), stock };
}

function report(month: string, orders: number, cents: number): MonthlyReport {
  return { month, orders, revenue: euros(cents) };
}

function euros(cents: number): Money {
  return { cents, currency: 'EUR' };
}

function dayBefore(today: Date, days: number): string {
  return new Date(today.getTime() - days * 86_400_000).toISOString().slice(0, 10);
}
