import { shoppingApi } from '../../example-server/dist/local-logto.js';
import type { Runner } from './runner.js';
import { type Token, withAlteredScope } from './tokens.js';

const inventoryApi = 'https://inventory.api';
const cornerShop = 'tgqjike3k7pu';
const farmShop = 'w1h7qob3z0o3';

const newProduct = { name: 'Green tea, 250 g', price: { cents: 790, currency: 'EUR' }, stock: 60 };

/** Runs all steps: programs call the shop's API with tokens of every kind. */
export async function runScenario(runner: Runner): Promise<void> {
  runner.printer.note(
    `The shop's API listens at ${runner.servers.apiUrl}. A local Logto issues tokens as ${runner.servers.issuer}.`,
  );
  runner.printer.chapter('An app uses the permissions it has');
  const statistics = await useGrantedPermissions(runner);

  runner.printer.chapter('Only a valid token for this API is accepted');
  await tryWithoutValidToken(runner, statistics);

  runner.printer.chapter('Each app may do what its roles allow');
  await compareApps(runner);

  runner.printer.chapter('A permission inside an organization is valid there only');
  await visitOrganizations(runner);

  runner.printer.chapter('Tokens expire');
  await useExpiredToken(runner);
}

async function useGrantedPermissions(runner: Runner): Promise<Token> {
  const request = { resource: shoppingApi, scope: 'read:products read:orders write:products' };
  const statistics = await runner.ask('statistics-service', request, {
    heading: 'statistics-service requests a token from Logto.',
    expected: { granted: 'read:products read:orders' },
    why: 'No role of the app gives it write:products, so Logto omits it, without an error.',
  });
  await runner.call({
    heading: 'It reads the products with this token.',
    method: 'GET',
    path: '/products',
    token: statistics,
    expected: { status: 200 },
    why: 'Logto issued the token for this API, it has not expired, and it has read:products.',
  });
  await runner.call({
    heading: "It reads the day's orders.",
    method: 'GET',
    path: `/orders/daily?date=${new Date().toISOString().slice(0, 10)}`,
    token: statistics,
    expected: { status: 200 },
    why: 'The same token has read:orders, too. Its signature was verified before and is not verified again.',
  });
  await runner.call({
    heading: 'It tries to add a product.',
    method: 'POST',
    path: '/products',
    token: statistics,
    body: newProduct,
    expected: { status: 403, error: 'insufficient_scope', scope: 'write:products', reason: 'scope' },
    why: 'The token is valid, but does not have the permission that the challenge names.',
  });
  return statistics;
}

async function tryWithoutValidToken(runner: Runner, statistics: Token): Promise<void> {
  await runner.call({
    heading: 'A client calls without a token.',
    method: 'GET',
    path: '/products',
    expected: { status: 401, error: undefined, scope: 'read:products', reason: 'no_token' },
    why: 'The challenge names the required permission. It has no error code, since there was no token.',
  });
  await runner.call({
    heading: 'A client adds a permission to its token.',
    method: 'POST',
    path: '/products',
    token: withAlteredScope(statistics, 'read:products write:products'),
    body: newProduct,
    expected: { status: 401, error: 'invalid_token', reason: 'signature' },
    why: 'The signature does not match the changed payload, and only Logto has the key to sign it.',
  });
  await runner.call({
    heading: 'catalog-service sends its token for another API, the inventory.',
    method: 'GET',
    path: '/products',
    token: await runner.servers.issue('catalog-service', { audience: inventoryApi, scope: 'read:stock' }),
    expected: { status: 401, error: 'invalid_token', reason: 'audience' },
    why: 'Logto issued the token for another API. Otherwise the inventory could send the tokens that it receives to the shop.',
  });
}

async function compareApps(runner: Runner): Promise<void> {
  const scope = 'read:products write:products delete:products';
  const catalog = await runner.servers.ask('catalog-service', { resource: shoppingApi, scope });
  const { body } = await runner.call({
    heading: 'catalog-service adds a product.',
    method: 'POST',
    path: '/products',
    token: catalog,
    body: newProduct,
    expected: { status: 201 },
    why: 'A role of this app gives it write:products.',
  });
  await runner.call({
    heading: 'It deletes the product.',
    method: 'DELETE',
    path: `/products/${JSON.parse(body).id}`,
    token: catalog,
    expected: { status: 204 },
    why: 'A role gives it delete:products, which is a separate permission.',
  });
  await runner.call({
    heading: 'stranger-service, an app without a role, tries to read.',
    method: 'GET',
    path: '/products',
    token: await runner.servers.ask('stranger-service', { resource: shoppingApi, scope: 'read:products' }),
    expected: { status: 403, error: 'insufficient_scope', scope: 'read:products', reason: 'scope' },
    why: 'Logto issues a valid token for any API to any app of the tenant, so the permissions in it decide.',
  });
}

async function visitOrganizations(runner: Runner): Promise<void> {
  const insideOnly = { status: 403, error: 'insufficient_scope', reason: 'organization' };
  const partner = await runner.servers.ask('partner-service', {
    resource: shoppingApi,
    organization_id: cornerShop,
    scope: 'read:products',
  });
  await runner.call({
    heading: 'partner-service reads the products of its own organization, the Corner Shop.',
    method: 'GET',
    path: `/organizations/${cornerShop}/products`,
    token: partner,
    expected: { status: 200 },
    why: 'The token has read:products, and its organization_id is the one in the path.',
  });
  await runner.call({
    heading: 'It tries to read the products of another organization, the Farm Shop.',
    method: 'GET',
    path: `/organizations/${farmShop}/products`,
    token: partner,
    expected: insideOnly,
    why: 'The token has the permission, but in another organization.',
  });
  await runner.call({
    heading: "It tries to read the shop's own products.",
    method: 'GET',
    path: '/products',
    token: partner,
    expected: insideOnly,
    why: 'This route belongs to no organization, so a permission inside one is not sufficient.',
  });

  const partnersOwn = await runner.servers.ask('partner-service', {
    organization_id: cornerShop,
    scope: 'read:reports',
  });
  await runner.call({
    heading: "With the organization's own token it reads the organization's reports.",
    method: 'GET',
    path: `/organizations/${cornerShop}/reports`,
    token: partnersOwn,
    expected: { status: 200 },
    why: 'This route requires an organization token, whose audience is the organization and not an API.',
  });
  await runner.call({
    heading: "It tries to read the other organization's reports.",
    method: 'GET',
    path: `/organizations/${farmShop}/reports`,
    token: partnersOwn,
    expected: insideOnly,
    why: 'The path names another organization than the token.',
  });
}

async function useExpiredToken(runner: Runner): Promise<void> {
  await runner.call({
    heading: 'statistics-service uses a token that expired a minute ago.',
    method: 'GET',
    path: '/products',
    token: await runner.servers.issue('statistics-service', { scope: 'read:products', expiresIn: -60 }),
    expected: { status: 401, error: 'invalid_token', reason: 'expired' },
    why: 'The app requests a new token from Logto and continues.',
  });
}
