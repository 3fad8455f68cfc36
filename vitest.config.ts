import { configDefaults, defineConfig } from 'vitest/config';
import { ownName } from './test/support/own-name.js';

/** Tests that install packages, or start programs of other makers: `npm run test:world`. */
const world = ['project-setups', 'documents', 'e2e'];

export default defineConfig({
  resolve: { alias: ownName },
  test: {
    // Many tests wait for another process: two files at a time need little more than half the time of one.
    maxWorkers: 2,
    reporters: process.env['CI'] ? ['default', ['json', { outputFile: 'test-results.json' }]] : ['default'],
    coverage: { include: ['src/**'], reporter: ['text', 'html'] },
    projects: [
      {
        extends: true,
        test: {
          name: 'Express 5',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...world.map((folder) => `test/${folder}/**`)],
          env: { EXPRESS: '5' },
        },
      },
      {
        extends: true,
        resolve: { alias: { express: 'express-4' } },
        test: { name: 'Express 4', include: ['test/middleware/**/*.test.ts'], env: { EXPRESS: '4' } },
      },
      {
        extends: true,
        test: {
          name: 'world',
          // Not what is below: the tests of the projects that are set up.
          include: world.map((folder) => `test/${folder}/*.test.ts`),
          env: { EXPRESS: '5' },
        },
      },
    ],
  },
});
