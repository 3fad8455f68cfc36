import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Browser, Locator, Page, Request } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { shopDirectory } from '../../example-server/local-issuer/directory.js';
import { chromiumIsMissing, startChromium, WatchedPage } from '../support/browser.js';
import { type Example, startExample } from '../support/example.js';

/** Where to put a picture of the page, if one is wanted: SCREENSHOT=docs/images/example-docs.png npx vitest run browser */
const { SCREENSHOT } = process.env;
const missing = chromiumIsMissing ? ' (skipped: chromium is not installed)' : '';

describe.skipIf(chromiumIsMissing)(`the page at /docs, in a browser${missing}`, { timeout: 60_000 }, () => {
  let example: Example;
  let browser: Browser;
  let watched: WatchedPage;
  let page: Page;

  beforeAll(async () => {
    [example, browser] = await Promise.all([startExample(SCREENSHOT ? 3100 : 0), startChromium()]);
  }, 60_000);
  afterAll(() => Promise.all([browser?.close(), example?.stop()]), 60_000);

  beforeEach(async () => {
    watched = await WatchedPage.open(browser);
    page = watched.page;
    await page.goto(`${example.api}/docs`);
    await page.locator('.opblock').first().waitFor();
    return async () => {
      expect([...watched.hosts]).toEqual(['127.0.0.1']);
      await page.close();
    };
  }, 60_000);

  /** Fills in a form of the dialog, as a person does, and presses Authorize. Gives the request for a token. */
  async function authorize(scheme: string, app: { id: string; secret: string }, scopes: string[]) {
    await page.locator('.scheme-container .authorize').click();
    const form = page.locator('.auth-container').filter({ hasText: `${scheme} (OAuth2` });
    // Not by their labels: Swagger UI gives those of all forms the same id.
    await form.locator('[data-name=clientId]').fill(app.id);
    await form.locator('[data-name=clientSecret]').fill(app.secret);
    for (const scope of scopes) await form.locator('label', { hasText: scope }).first().click();
    const asked = page.waitForRequest(`${example.issuer}/token`);
    await form.getByRole('button', { name: 'Apply given OAuth2 credentials' }).click();
    return { form, request: await asked };
  }

  async function finish(form: Locator) {
    await form.getByText('Authorized', { exact: true }).waitFor();
    await form.getByRole('button', { name: 'Close' }).click();
  }

  /** Opens an operation and presses Execute. Gives the whole of the answer as the page shows it. */
  async function execute(operationId: string) {
    const operation = page.locator(`[id$="-${operationId}"]`);
    await operation.locator('.opblock-summary-control').click();
    await operation.getByRole('button', { name: 'Execute' }).click();
    const answer = operation.locator('.live-responses-table tbody');
    await answer.waitFor();
    return { operation, text: await answer.innerText() };
  }

  it('gets a token with the id and the secret of an app, reads the products and says why they may not be deleted', async () => {
    const app = appNamed('statistics-service');
    const { form, request } = await authorize('shopApi', app, ['read:products', 'read:orders']);
    expect(sentIn(request)).toEqual({
      credentials: `${app.id}:${app.secret}`,
      grant_type: 'client_credentials',
      scope: 'read:products read:orders',
      resource: 'https://shopping.api',
    });
    await finish(form);

    const products = await execute('listProducts');
    expect(products.text).toMatch(/^200\b/);
    expect(products.text).toContain('Espresso beans');
    expect(watched.complaints).toEqual([]);

    const removal = await execute('removeProduct');
    expect(removal.text).toMatch(/^403\b/);
    expect(removal.text).toContain('"error": "insufficient_scope"');
    expect(removal.text).toContain('The access token lacks a permission that this request needs.');
    expect(removal.text).toContain('"scope": "delete:products"');
    expect(removal.text).toMatch(
      /www-authenticate: Bearer realm="api", ?scope="delete:products", ?error="insufficient_scope"/,
    );
    expect(watched.complaints).toEqual([complaintOf('/products/p1001', 403)]);

    if (SCREENSHOT) await takePicture(SCREENSHOT, products.operation, removal.operation);
  });

  it('gets each kind of token that organizations need', async () => {
    const partner = appNamed('partner-service');
    const inside = await authorize('insideOrganization', partner, ['read:products']);
    expect(sentIn(inside.request)).toMatchObject({
      resource: 'https://shopping.api',
      organization_id: 'tgqjike3k7pu',
    });
    await finish(inside.form);
    expect((await execute('listProductsOfOrganization')).text).toContain('Sourdough loaf');

    const own = await authorize('ofOrganization', partner, ['read:reports']);
    expect(sentIn(own.request)).toMatchObject({ organization_id: 'tgqjike3k7pu' });
    expect(sentIn(own.request)).not.toHaveProperty('resource');
    await finish(own.form);
    expect((await execute('readReportsOfOrganization')).text).toContain('Corner Shop');
    expect(watched.complaints).toEqual([]);
  });

  it('says what is wrong where the secret is', async () => {
    const app = { ...appNamed('statistics-service'), secret: 'wrong' };
    const { form } = await authorize('shopApi', app, ['read:products']);
    const error = form.locator('.errors');
    await error.waitFor();
    expect(await error.innerText()).toContain('client authentication failed');
    expect(await form.getByText('Authorized', { exact: true }).count()).toBe(0);
    expect(watched.complaints).toEqual([complaintOf('/oidc/token', 401)]);
  });

  it('says that a token is needed where there is none', async () => {
    const { text } = await execute('listProducts');
    expect(text).toMatch(/^401\b/);
    expect(text).toContain('This API needs an access token');
    expect(watched.complaints).toEqual([complaintOf('/products', 401)]);
  });

  /** The list of the products' operations, and the last one's answer below it. */
  async function takePicture(path: string, first: Locator, last: Locator) {
    await first.locator('.opblock-summary-control').click();
    // Without the mark of what has the focus.
    await page.mouse.move(0, 0);
    await page.evaluate('document.activeElement.blur()');
    const top = await page.locator('#operations-tag-Products').boundingBox();
    const end = await last.locator('.live-responses-table').boundingBox();
    if (!top || !end) throw new Error('nothing to see');
    const from = { x: 0, y: top.y + Number(await page.evaluate('window.scrollY')) };
    const height = end.y + end.height - top.y + 12;
    mkdirSync(dirname(path), { recursive: true });
    await page.screenshot({ path, fullPage: true, clip: { ...from, width: 1280, height } });
  }
});

function appNamed(name: string) {
  const app = shopDirectory().applications.find((candidate) => candidate.name === name);
  if (!app) throw new Error(`no app ${name}`);
  return app;
}

/** What a request for a token holds: its form, and the id and the secret of its header. */
function sentIn(request: Request): Record<string, string> {
  const [, basic = ''] = (request.headers()['authorization'] ?? '').split(' ');
  const form = new URLSearchParams(request.postData() ?? '');
  return { credentials: Buffer.from(basic, 'base64').toString(), ...Object.fromEntries(form) };
}

/** How Chromium's console tells of an answer with an error. */
function complaintOf(path: string, status: number): unknown {
  const sentence = `${path}: Failed to load resource: the server responded with a status of ${status} `;
  return expect.stringContaining(sentence);
}
