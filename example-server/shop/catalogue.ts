import { z } from 'zod';
import { moneySchema } from './money.js';

/** The fields that a caller sends. Unknown fields are refused, so that spelling errors are noticed. */
export const productFieldsSchema = z.strictObject({
  name: z.string().trim().min(1).max(100),
  price: moneySchema,
  stock: z.int().min(0).max(1_000_000),
});

export const productIdSchema = z.string().regex(/^p\d{4,9}$/, 'must be a product id such as p1001');

export type ProductFields = z.infer<typeof productFieldsSchema>;
export type Product = ProductFields & { readonly id: string };

/** The products of one shop, in memory only. */
export class Catalogue {
  readonly #products = new Map<string, Product>();
  #lastNumber = 1000;

  constructor(products: readonly ProductFields[]) {
    for (const fields of products) this.add(fields);
  }

  list(): Product[] {
    return [...this.#products.values()];
  }

  find(id: string): Product | undefined {
    return this.#products.get(id);
  }

  add(fields: ProductFields): Product {
    this.#lastNumber += 1;
    const product = { id: `p${this.#lastNumber}`, ...fields };
    this.#products.set(product.id, product);
    return product;
  }

  /** Replaces the fields of a product. Returns undefined if there is no such product. */
  replace(id: string, fields: ProductFields): Product | undefined {
    if (!this.#products.has(id)) return undefined;
    const product = { id, ...fields };
    this.#products.set(id, product);
    return product;
  }

  /** Removes a product. Returns undefined if there is no such product. */
  remove(id: string): Product | undefined {
    const product = this.#products.get(id);
    this.#products.delete(id);
    return product;
  }
}
