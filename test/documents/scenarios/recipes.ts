import { expect } from 'vitest';
import { edit, expectAnswers, expectRecipe, expectUnavailable } from '../recipe.js';
import { onStage, type Scenarios } from '../scenario.js';
import { neighbours } from './neighbours.js';
import { socketIo } from './socket-io.js';
import { tsoa } from './tsoa.js';
import { websocket } from './websocket.js';

export const recipes: Scenarios = {
  'node-http': (code) => expectRecipe(code),

  fastify: async (code) => {
    await expectRecipe(code);
    // Fastify can test a route with `inject`, whose request is not one of node:http.
    const injecting = edit(
      code,
      'await app.listen',
      `app.post<{ Body: (string | string[])[] }>('/inject', ({ body }) =>
         Promise.all(body.map(async (authorization) => {
           const { statusCode } = await app.inject({ url: '/products', headers: { Authorization: authorization } });
           return statusCode;
         })));
       await app.listen`,
    );
    await onStage(injecting, { language: 'ts' }, async ({ url, token }) => {
      const good = `Bearer ${await token()}`;
      const answer = await fetch(`${url}/inject`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify([good, [good], 'Bearer junk', [good, 'Bearer junk'], ['Bearer junk', good], []]),
      });
      expect(await answer.json()).toEqual([200, 200, 401, 401, 401, 401]);
    });
  },

  koa: (code) => expectRecipe(code),

  hono: (code) => expectRecipe(code),

  'nestjs-middleware': async (code) => {
    await expectAnswers(code, { malformed: 400 });
    await expectAnswers(code, { malformed: 400, extension: 'cjs' });
    await expectUnavailable(code);
    const forAll = edit(
      edit(code, / {4}consumer\.apply\(.*\n/, ''),
      '  await app.listen',
      "  app.use(requireScopes('read:products'));\n  await app.listen",
    );
    await expectAnswers(forAll, { malformed: 400 });
    // No guard runs, so getAuth throws.
    const misspelt = edit(code, 'forRoutes(ProductsController)', "forRoutes('product')");
    await onStage(misspelt, { language: 'ts' }, async ({ get, token }) => {
      expect((await get('/products', await token())).status).toBe(500);
    });
  },

  'nestjs-guard': async (code) => {
    await expectRecipe(code);
    await expectAnswers(code, { extension: 'cjs' });
    const decorateClass = (text: string, scope: string) =>
      edit(text, "@Controller('products')", `@RequireScopes('${scope}')\n@Controller('products')`);
    const onClassAlone = edit(code, "  @RequireScopes('read:products')\n", '');
    await expectAnswers(decorateClass(onClassAlone, 'read:products'));
    const READ = "@RequireScopes('read:products')";
    const WRITE = "@RequireScopes('write:products')";
    const twice = [
      decorateClass(code, 'write:products'),
      edit(code, READ, `${WRITE}\n  ${READ}`),
      edit(code, READ, `${READ}\n  ${WRITE}`),
      decorateClass(decorateClass(onClassAlone, 'read:products'), 'write:products'),
      edit(
        decorateClass(onClassAlone, 'read:products'),
        /@RequireScopes(.*)\n(.*)\nclass ProductsController/,
        `${WRITE}\nclass Base {}\n\n@RequireScopes$1\n$2\nclass ProductsController extends Base`,
      ),
    ];
    for (const both of twice) {
      await onStage(both, { language: 'ts' }, async ({ get, token }) => {
        expect((await get('/products', await token({ scopes: 'read:products' }))).status).toBe(403);
        expect((await get('/products', await token({ scopes: 'write:products' }))).status).toBe(403);
        expect((await get('/products', await token({ scopes: 'read:products write:products' }))).status).toBe(
          200,
        );
      });
    }
  },

  ...neighbours,
  ...socketIo,
  ...tsoa,
  ...websocket,
};
