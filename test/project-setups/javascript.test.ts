import { describe, expect, it } from 'vitest';
import { nodeOf } from './node-versions.js';
import { LONG, useProject } from './use-project.js';

// Newer releases of supertest do not load in jest 26 and 27. By default, jest 26 runs the tests in jsdom.
const old = ['supertest@6.1.3', 'express@4'];
describe.each<[version: string, packages: string[], commands: string[][]]>([
  ['26', old, [['jest'], ['jest', '--env=node']]],
  ['27', old, [['jest']]],
  ['29', ['supertest@7', 'express@4'], [['jest']]],
  ['30', ['supertest@7', 'express@5'], [['jest']]],
])('a CommonJS backend with jest %s and no configuration', LONG, (version, packages, commands) => {
  const project = useProject('javascript', [`jest@${version}`, ...packages]);

  it.each(commands)('passes its tests with %s %s', async (...command) => {
    const made = await project();
    expect(made.versionOf('jest')).toMatch(new RegExp(`^${version}\\.`));
    const said = await made.run(command.filter((word) => typeof word === 'string'));
    expect(said).toMatch(/^Tests: +3 passed, 3 total$/m);
  });
});

describe('a CommonJS backend', LONG, () => {
  const project = useProject('javascript', [
    ...['mocha@11', 'chai@4', 'supertest@7', 'express@4'],
    ...['eslint@8', 'eslint-config-airbnb-base@15', 'eslint-plugin-import@2'],
  ]);

  // With the second value, require() of Node loads no ES module, as in jest.
  describe.each(['', '--no-experimental-require-module'])('with NODE_OPTIONS=%s', (options) => {
    const env = { NODE_OPTIONS: options };

    it('passes its tests with mocha and chai', async () => {
      expect(await (await project()).run(['mocha'], { env })).toMatch(/^ +3 passing/m);
    });

    it.each(['20.19.0', '22.12.0', '24'])('passes its tests with node:test on Node %s', async (version) => {
      const node = await nodeOf(version);
      const command = ['node', '--test', 'node-test/products.js'];
      expect(await (await project()).run(command, { node, env })).toMatch(/\bpass 3\b/);
    });
  });

  it("resolves every entry for the linter's rule import/no-unresolved", async () => {
    const made = await project();
    const rules = ['--rule', '{"import/no-unresolved": ["error", { "commonjs": true }]}'];
    const files = ['app.js', 'checks.js', 'imports.mjs', 'missing.mjs'];
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
