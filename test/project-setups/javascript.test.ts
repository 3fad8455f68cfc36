import { describe, expect, it } from 'vitest';
import { nodeOf } from './node-versions.js';
import { LONG, useProject } from './use-project.js';

describe.each([
  // Newer releases of supertest do not load there.
  ['26', ['supertest@6.1.3', 'express@4']],
  ['27', ['supertest@6.1.3', 'express@4']],
  ['29', ['supertest@7', 'express@4']],
  ['30', ['supertest@7', 'express@5']],
])('a CommonJS backend with jest %s and no configuration', LONG, (version, packages) => {
  const project = useProject('javascript', [`jest@${version}`, ...packages]);

  it('tests its protected route', async () => {
    const made = await project();
    expect(made.versionOf('jest')).toMatch(new RegExp(`^${version}\\.`));
    // Before jest 27, jsdom is the environment where none is named.
    for (const environment of version === '26' ? ['jsdom', 'node'] : ['node']) {
      const said = await made.run(
        version === '26' && environment === 'node' ? ['jest', '--env=node'] : ['jest'],
      );
      expect(said).toMatch(/^Tests: +1 passed, 1 total$/m);
    }
  });
});

describe('a CommonJS backend', LONG, () => {
  const project = useProject('javascript', [
    ...['mocha@11', 'chai@4', 'supertest@7', 'express@4'],
    ...['eslint@8', 'eslint-config-airbnb-base@15', 'eslint-plugin-import@2'],
  ]);

  it('tests its protected route with mocha and chai', async () => {
    expect(await (await project()).run(['mocha'])).toMatch(/^ +1 passing/m);
  });

  it.each(['20.19.0', '22.12.0', '24'])('tests it with node:test on Node %s', async (version) => {
    const node = await nodeOf(version);
    const said = await (await project()).run(['node', '--test', 'node-test/products.js'], { node });
    expect(said).toMatch(/\bpass 1\b/);
  });

  it("resolves every entry for the linter's rule import/no-unresolved", async () => {
    const made = await project();
    const rules = ['--rule', '{"import/no-unresolved": ["error", { "commonjs": true }]}'];
    const files = ['app.js', 'statuses.js', 'imports.mjs', 'missing.mjs'];
    const said = await made
      .run(['eslint', '--format=json', ...rules, ...files])
      .catch(({ message }: Error) => message);
    const report = JSON.parse(/^\[\{.*\}\]$/m.exec(said)?.[0] ?? '[]') as {
      messages: { ruleId: string; message: string }[];
    }[];
    expect(report).toHaveLength(files.length);
    const unresolved = report
      .flatMap(({ messages }) => messages)
      .filter(({ ruleId }) => ruleId === 'import/no-unresolved');
    expect(unresolved.map(({ message }) => message)).toEqual([
      "Unable to resolve path to module 'express-logto-m2m/missing'.",
    ]);
  });
});
