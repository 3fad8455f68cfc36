import { createM2MClient, M2MClientError } from 'express-logto-m2m/client';
import { type ZodType, z } from 'zod';

/** The parts of the responses that the report needs. */
const productsSchema = z.object({
  products: z.array(z.object({ id: z.string(), name: z.string(), stock: z.int() })),
});
const moneySchema = z.object({ cents: z.int(), currency: z.string() });
const ordersSchema = z.object({
  revenue: moneySchema,
  orders: z.array(
    z.object({ items: z.array(z.object({ productId: z.string(), quantity: z.int() })), total: moneySchema }),
  ),
});

type Products = z.infer<typeof productsSchema>['products'];
type DailyOrders = z.infer<typeof ordersSchema>;

const shoppingApi = 'https://shopping.api';
const patience = 10_000;
const fewInStock = 20;

/** Why there is no report, in a sentence for the operator of the service. */
class NoReport extends Error {}

try {
  console.log(await reportOn(new Date().toISOString().slice(0, 10)));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

/** Fetches the orders of a day (`YYYY-MM-DD`, UTC) and the products, and returns a report of a few lines. */
async function reportOn(date: string): Promise<string> {
  const { SHOP_URL, LOGTO_ENDPOINT, LOGTO_APP_ID, LOGTO_APP_SECRET } = readEnvironment();
  const shop = createM2MClient({
    endpoint: LOGTO_ENDPOINT,
    appId: LOGTO_APP_ID,
    appSecret: LOGTO_APP_SECRET,
    resource: shoppingApi,
    scopes: ['read:products', 'read:orders'],
    baseUrl: SHOP_URL,
  });
  const { products } = await read('products', productsSchema);
  const orders = await read(`orders/daily?date=${date}`, ordersSchema);
  return describe(date, products, orders);

  async function read<T>(path: string, schema: ZodType<T>): Promise<T> {
    const response = await send(path);
    const body: unknown = await response.json().catch(() => undefined);
    if (!response.ok) throw new NoReport(explain(response, path, body));
    const result = schema.safeParse(body);
    if (result.success) return result.data;
    throw new NoReport(
      `The response of ${SHOP_URL} to /${path} is not one of the shop's API: check SHOP_URL.`,
    );
  }

  async function send(path: string): Promise<Response> {
    try {
      return await shop.fetch(path, { signal: AbortSignal.timeout(patience) });
    } catch (error) {
      // The messages of the client are sentences already.
      if (error instanceof M2MClientError) throw error;
      const { cause, message } = error as { cause?: { code?: unknown }; message?: unknown };
      const why = typeof cause?.code === 'string' ? cause.code : message;
      throw new NoReport(`The shop's API at ${SHOP_URL} cannot be reached (${why}).`);
    }
  }

  function explain({ status }: Response, path: string, body: unknown): string {
    const { data } = z.object({ error: z.string(), scope: z.string().optional() }).safeParse(body);
    if (status === 401) {
      return `The shop's API at ${SHOP_URL} does not accept this app's token (401 ${data?.error}): is it configured for ${LOGTO_ENDPOINT} and ${shoppingApi}?`;
    }
    if (status === 403 && data?.scope !== undefined) {
      return `App ${LOGTO_APP_ID} lacks the permission ${data.scope} for /${path}: assign it a machine-to-machine role with that permission, in the Logto Console.`;
    }
    return `The shop's API at ${SHOP_URL} returned ${status}${data ? ` ${data.error}` : ''} for /${path}.`;
  }
}

function readEnvironment() {
  const { SHOP_URL, LOGTO_ENDPOINT, LOGTO_APP_ID, LOGTO_APP_SECRET } = process.env;
  if (SHOP_URL && LOGTO_ENDPOINT && LOGTO_APP_ID && LOGTO_APP_SECRET) {
    return { SHOP_URL, LOGTO_ENDPOINT, LOGTO_APP_ID, LOGTO_APP_SECRET };
  }
  const missing = Object.entries({ SHOP_URL, LOGTO_ENDPOINT, LOGTO_APP_ID, LOGTO_APP_SECRET })
    .filter(([, value]) => !value)
    .map(([name]) => name);
  throw new NoReport(
    `${missing.join(', ')} not set. SHOP_URL is the address of the shop's API, such as http://127.0.0.1:3200. The others are the address of Logto, and the id and secret of this app.`,
  );
}

function describe(date: string, products: Products, { orders, revenue }: DailyOrders): string {
  const sold = new Map<string, number>();
  for (const { productId, quantity } of orders.flatMap(({ items }) => items)) {
    sold.set(productId, (sold.get(productId) ?? 0) + quantity);
  }
  const nameOf = (id: string) => products.find((product) => product.id === id)?.name ?? id;
  const best = [...sold].sort(([, a], [, b]) => b - a).map(([id, quantity]) => row(quantity, nameOf(id)));
  const scarce = products
    .filter(({ stock }) => stock < fewInStock)
    .map(({ stock, name }) => row(stock, name));
  return [
    `The shop on ${date} (UTC)`,
    '',
    `Orders    ${orders.length}`,
    `Revenue   ${(revenue.cents / 100).toFixed(2)} ${revenue.currency}`,
    `Products  ${products.length}`,
    ...section('Sold', best),
    ...section(`Fewer than ${fewInStock} in stock`, scarce),
  ].join('\n');
}

function section(title: string, rows: readonly string[]): string[] {
  return rows.length === 0 ? [] : ['', title, ...rows];
}

function row(count: number, name: string): string {
  return `${String(count).padStart(6)}  ${name}`;
}
