import { z } from 'zod';
import { productFieldsSchema, productSchema } from '../shop/catalogue.js';
import { moneySchema } from '../shop/money.js';
import { dailyOrdersSchema, orderSchema } from '../shop/orders.js';
import { monthlyReportSchema } from '../shop/shop.js';

const fields = { name: 'Green tea', price: { cents: 790, currency: 'EUR' as const }, stock: 60 };

/** The body of every answer that is no success, the guards' and the routes' own. */
const refusalSchema = z.strictObject({
  error: z.string().meta({ description: 'A code for programs.' }),
  error_description: z.string().meta({ description: 'A sentence for people.' }),
  scope: z.string().optional().meta({ description: 'In a 403: the permissions that the request needs.' }),
});

/** What goes over the wire, by the name that it has in the document. The routes check input by the same schemas. */
const named = {
  Money: moneySchema.meta({ description: 'An amount of money, in whole cents.' }),
  ProductFields: productFieldsSchema.meta({
    description: 'What a caller may say of a product.',
    examples: [fields],
  }),
  Product: productSchema.meta({ description: 'A product.', examples: [{ id: 'p1007', ...fields }] }),
  Products: z.strictObject({ products: z.array(productSchema) }).meta({ description: 'A catalogue.' }),
  Order: orderSchema.meta({ description: 'An order.' }),
  DailyOrders: dailyOrdersSchema.meta({ description: 'What was ordered on one day.' }),
  MonthlyReport: monthlyReportSchema.meta({ description: 'The business of one month.' }),
  Reports: z
    .strictObject({ organization: z.string(), reports: z.array(monthlyReportSchema) })
    .meta({ description: 'The reports of one organization.' }),
  Refusal: refusalSchema.meta({ description: 'Why a request was not served.' }),
};

export type SchemaName = keyof typeof named;

/** Points to one of the schemas. */
export function schemaRef(name: SchemaName) {
  return { $ref: `#/components/schemas/${name}` };
}

/** The document's `components.schemas`. */
export function componentSchemas(): Record<string, unknown> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { uri: (id) => schemaRef(id as SchemaName).$ref });
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, withoutItsOwnName(schema)]));
}

/** A schema that stands where it is, as that of a parameter does. */
export function inlineSchema(schema: z.ZodType): Record<string, unknown> {
  return withoutItsOwnName(z.toJSONSchema(schema));
}

/** In an OpenAPI 3.1 document the place of a schema is its name, and the dialect is said once for all. */
function withoutItsOwnName({ $id, $schema, ...schema }: Record<string, unknown>): Record<string, unknown> {
  return schema;
}
