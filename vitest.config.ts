import { configDefaults, defineConfig } from 'vitest/config';
import { ownName } from './test/support/own-name.js';

/** Tests that install packages, start third-party programs or take minutes: `npm run test:world`. */
const world = [
  ...['project-setups', 'documents', 'e2e'].map((folder) => `test/${folder}/*.test.ts`),
  'test/attacks/pollution.test.ts',
];
const runsWorld = process.argv.includes('world');

export default defineConfig({
  resolve: { alias: ownName },
  test: {
    // Most tests wait for timers and sockets, so more files run at a time than there are processors. The tests of the
    // project `world` start processes that need a processor each.
    maxWorkers: runsWorld ? 2 : 7,
    pool: runsWorld ? 'forks' : 'threads',
    // These limits only end tests that would hang, and are long enough for a busy machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
    reporters: process.env['CI'] ? ['default', ['json', { outputFile: 'test-results.json' }]] : ['default'],
    coverage: { include: ['src/**'], reporter: ['text', 'html'] },
    projects: [
      {
        extends: true,
        test: {
          name: 'Express 5',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, 'test/{project-setups,documents,e2e}/**', ...world],
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
          // Does not include the tests inside the project set-ups, which are in subfolders.
          include: world,
          env: { EXPRESS: '5' },
        },
      },
    ],
  },
});
