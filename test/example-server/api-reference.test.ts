import { readFileSync } from 'node:fs';
import { createLogtoAuth } from 'express-logto-m2m';
import request from 'supertest';
import { describe, expect, it } from 'vitest';
import { createApp } from '../../example-server/app.js';

const auth = createLogtoAuth({ endpoint: 'https://tenant.logto.app', audience: 'https://shopping.api' });
const app = createApp(auth);

it.each(['/openapi.json', '/products', '/healthz', '/nowhere'])(
  'no browser guesses what %s is',
  async (path) => {
    const { headers } = await request(app).get(path);
    expect([headers['content-type'], headers['x-content-type-options']]).toEqual([
      'application/json; charset=utf-8',
      'nosniff',
    ]);
  },
);

describe('the page at /docs', () => {
  it('comes with all that it loads, by this server', async () => {
    const { status, text } = await request(app).get('/docs');
    expect(status).toBe(200);
    const loaded = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path);
    expect(loaded).toHaveLength(4);
    for (const path of loaded) {
      const response = await request(app).get(path);
      expect([path, response.status, response.headers['x-content-type-options']]).toEqual([
        path,
        200,
        'nosniff',
      ]);
    }
  });

  it('may run its own scripts alone, and speak to this API and to Logto alone', async () => {
    const { headers, text } = await request(app).get('/docs');
    const policy = headers['content-security-policy'] ?? '';
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self' data:",
      "connect-src 'self' https://tenant.logto.app",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ]);
    expect(text).not.toMatch(/<script(?![^>]* src=)|<style| style=| on\w+=/);
  });

  it('shows nothing else of the packages that it is made of', async () => {
    for (const path of ['/docs/package.json', '/docs/index.html', '/docs/%2e%2e/package.json']) {
      expect((await request(app).get(path)).status).toBe(404);
    }
  });
});

it('the document names the API identifier that it is given', async () => {
  const { body } = await request(createApp(auth, undefined, { resource: 'https://other.api' })).get(
    '/openapi.json',
  );
  const { shopApi, insideOrganization } = body.components.securitySchemes;
  expect(shopApi['x-token-parameters']).toEqual({ resource: 'https://other.api' });
  expect(insideOrganization['x-token-parameters'].resource).toBe('https://other.api');
  expect(shopApi.flows.clientCredentials.tokenUrl).toBe('https://tenant.logto.app/oidc/token');
});

it('nobody is told that the page was installed', () => {
  // swagger-ui-dist depends on a package that reports each installation; the override in package.json leaves it out.
  const { packages } = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'));
  const installed = packages['node_modules/@scarf/scarf'];
  expect(installed?.name).toBe('ee-first');
  expect(installed).not.toHaveProperty('hasInstallScript');
  expect(Object.keys(packages).filter((path) => path.endsWith('@scarf/scarf'))).toHaveLength(1);
});
