import { expect } from 'vitest';
import { edit, expectAnswers, expectRecipe, expectUnavailable } from '../recipe.js';
import { onStage, type Scenarios } from '../scenario.js';
import { websocket } from './websocket.js';

export const recipes: Scenarios = {
  'node-http': (code) => expectRecipe(code),

  // It shows the first of two headers alone.
  fastify: (code) => expectRecipe(code, { goodAndBad: 200 }),

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
    // No guard runs, and getAuth keeps the door shut.
    const misspelt = edit(code, 'forRoutes(ProductsController)', "forRoutes('product')");
    await onStage(misspelt, { language: 'ts' }, async ({ get, token }) => {
      expect((await get('/products', token())).status).toBe(500);
    });
  },

  'nestjs-guard': async (code) => {
    await expectRecipe(code);
    await expectAnswers(code, { extension: 'cjs' });
    const decorateClass = (text: string, scope: string) =>
      edit(text, "@Controller('products')", `@RequireScopes('${scope}')\n@Controller('products')`);
    const onClassAlone = edit(code, "  @RequireScopes('read:products')\n", '');
    await expectAnswers(decorateClass(onClassAlone, 'read:products'));
    const onBoth = decorateClass(code, 'write:products');
    await onStage(onBoth, { language: 'ts' }, async ({ get, token }) => {
      expect((await get('/products', token('read:products'))).status).toBe(403);
      expect((await get('/products', token('write:products'))).status).toBe(403);
      expect((await get('/products', token('read:products write:products'))).status).toBe(200);
    });
  },

  ...websocket,
};
