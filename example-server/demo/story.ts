import { setTimeout } from 'node:timers/promises';
import { shoppingApi } from './stage.js';
import type { Teller } from './teller.js';
import { type Token, withAlteredScope } from './tokens.js';

const inventoryApi = 'https://inventory.api';
const cornerShop = 'tgqjike3k7pu';
const farmShop = 'w1h7qob3z0o3';

const newProduct = { name: 'Green tea, 250 g', price: { cents: 790, currency: 'EUR' }, stock: 60 };

// By default the middleware lets Logto's clock and its own differ by this much, in seconds.
const clockTolerance = 5;

/** Tells the whole story, in which programs call the shop's API with tokens of every kind. */
export async function tellStory(teller: Teller): Promise<void> {
  teller.narrator.aside(
    `The shop's API listens at ${teller.stage.apiUrl}. A stand-in for Logto issues tokens as ${teller.stage.issuer}.`,
  );
  // It takes seconds to expire, so it is asked for now and shown at the end.
  const shortLived = await askForShortLivedToken(teller);

  teller.narrator.chapter('An app uses the permissions it has');
  const statistics = await useGrantedPermissions(teller);

  teller.narrator.chapter('Nothing but a valid token for this API will do');
  await tryWithoutValidToken(teller, statistics);

  teller.narrator.chapter('Each app may do what its roles allow');
  await compareApps(teller);

  teller.narrator.chapter('What is granted inside an organization holds there alone');
  await visitOrganizations(teller);

  teller.narrator.chapter('Every token comes to its end');
  await useExpiredToken(teller, shortLived);
}

async function askForShortLivedToken({ stage }: Teller): Promise<Token> {
  stage.setTokenTtl(1);
  const token = await stage.ask('statistics-service', { resource: shoppingApi, scope: 'read:products' });
  stage.setTokenTtl(3600);
  return token;
}

async function useGrantedPermissions(teller: Teller): Promise<Token> {
  const request = { resource: shoppingApi, scope: 'read:products read:orders write:products' };
  const statistics = await teller.ask('statistics-service', request, {
    heading: 'statistics-service asks Logto for a token.',
    expected: { granted: 'read:products read:orders' },
    why: 'No role of the app gives it write:products, so Logto leaves that out, without an error.',
  });
  await teller.call({
    heading: 'With it, it reads the products.',
    method: 'GET',
    path: '/products',
    token: statistics,
    expected: { status: 200 },
    why: "The token is Logto's, for this API, still valid, and holds read:products.",
  });
  await teller.call({
    heading: "It reads the day's orders.",
    method: 'GET',
    path: `/orders/daily?date=${new Date().toISOString().slice(0, 10)}`,
    token: statistics,
    expected: { status: 200 },
    why: 'The same token holds read:orders too. Its signature was checked before, and is not checked again.',
  });
  await teller.call({
    heading: 'It tries to add a product.',
    method: 'POST',
    path: '/products',
    token: statistics,
    body: newProduct,
    expected: { status: 403, error: 'insufficient_scope', scope: 'write:products', reason: 'scope' },
    why: 'The token is valid, but lacks the permission that the challenge names.',
  });
  return statistics;
}

async function tryWithoutValidToken(teller: Teller, statistics: Token): Promise<void> {
  await teller.call({
    heading: 'Somebody calls without a token.',
    method: 'GET',
    path: '/products',
    expected: { status: 401, error: undefined, scope: 'read:products', reason: 'no_token' },
    why: 'The challenge says what is needed. It holds no error code, for there was no token to find fault with.',
  });
  await teller.call({
    heading: 'Somebody alters the token, to be allowed more.',
    method: 'POST',
    path: '/products',
    token: withAlteredScope(statistics, 'read:products write:products'),
    body: newProduct,
    expected: { status: 401, error: 'invalid_token', reason: 'signature' },
    why: 'The signature was made for another payload, and only Logto has the key to make one for this.',
  });
  await teller.call({
    heading: 'catalog-service sends the token that it has for the inventory.',
    method: 'GET',
    path: '/products',
    token: await teller.stage.ask('catalog-service', { resource: inventoryApi, scope: 'read:stock' }),
    expected: { status: 401, error: 'invalid_token', reason: 'audience' },
    why: 'Logto issued it, but for another API: whoever got it there shall not be able to use it here.',
  });
}

async function compareApps(teller: Teller): Promise<void> {
  const scope = 'read:products write:products delete:products';
  const catalog = await teller.stage.ask('catalog-service', { resource: shoppingApi, scope });
  const { body } = await teller.call({
    heading: 'catalog-service adds a product.',
    method: 'POST',
    path: '/products',
    token: catalog,
    body: newProduct,
    expected: { status: 201 },
    why: 'A role of this app gives it write:products.',
  });
  await teller.call({
    heading: 'It takes the product out again.',
    method: 'DELETE',
    path: `/products/${JSON.parse(body).id}`,
    token: catalog,
    expected: { status: 204 },
    why: 'It has delete:products, which is a permission of its own.',
  });
  await teller.call({
    heading: 'stranger-service, an app without a role, tries to read.',
    method: 'GET',
    path: '/products',
    token: await teller.stage.ask('stranger-service', { resource: shoppingApi, scope: 'read:products' }),
    expected: { status: 403, error: 'insufficient_scope', scope: 'read:products', reason: 'scope' },
    why: 'Logto gives any app of the tenant a valid token for any API; the permissions in it are what counts.',
  });
}

async function visitOrganizations(teller: Teller): Promise<void> {
  const insideOnly = { status: 403, error: 'insufficient_scope', reason: 'organization' };
  const partner = await teller.stage.ask('partner-service', {
    resource: shoppingApi,
    organization_id: cornerShop,
    scope: 'read:products',
  });
  await teller.call({
    heading: 'partner-service reads the products of its own organization, the Corner Shop.',
    method: 'GET',
    path: `/organizations/${cornerShop}/products`,
    token: partner,
    expected: { status: 200 },
    why: 'The token has read:products, and its organization_id is the one in the path.',
  });
  await teller.call({
    heading: 'It tries those of another, the Farm Shop.',
    method: 'GET',
    path: `/organizations/${farmShop}/products`,
    token: partner,
    expected: insideOnly,
    why: 'The same permission, but in the wrong organization.',
  });
  await teller.call({
    heading: "It tries the shop's own products.",
    method: 'GET',
    path: '/products',
    token: partner,
    expected: insideOnly,
    why: 'This route is of no organization, so a permission that holds inside one only is not enough.',
  });

  const partnersOwn = await teller.stage.ask('partner-service', {
    organization_id: cornerShop,
    scope: 'read:reports',
  });
  await teller.call({
    heading: "With the organization's own token it reads the organization's reports.",
    method: 'GET',
    path: `/organizations/${cornerShop}/reports`,
    token: partnersOwn,
    expected: { status: 200 },
    why: 'This route asks for an organization token: its audience is the organization, not an API.',
  });
  await teller.call({
    heading: "It tries the other organization's reports.",
    method: 'GET',
    path: `/organizations/${farmShop}/reports`,
    token: partnersOwn,
    expected: insideOnly,
    why: 'The token is of one organization, the path names another.',
  });
}

async function useExpiredToken(teller: Teller, token: Token): Promise<void> {
  const wait = (Number(token.claims['exp']) + clockTolerance) * 1000 - Date.now();
  if (wait > 0) {
    const seconds = Math.ceil(wait / 1000);
    teller.narrator.aside(
      `Before step 1 an admin set the lifetime of the API's tokens to 1 second, statistics-service got a token, and the admin set it back. Clocks may differ, so a token is refused only ${clockTolerance} s after it expired. Waiting ${seconds} s …`,
    );
    await setTimeout(wait);
  }
  await teller.call({
    heading: 'statistics-service uses a token that has expired.',
    method: 'GET',
    path: '/products',
    token,
    expected: { status: 401, error: 'invalid_token', reason: 'expired' },
    why: 'A token is good for its lifetime alone. The app asks Logto for a new one, and goes on.',
  });
}
