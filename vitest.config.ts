import { defineConfig } from 'vitest/config';
import { LongOnesFirst } from './test/support/long-ones-first.js';
import { ownName } from './test/support/own-name.js';

export default defineConfig({
  resolve: { alias: ownName },
  test: {
    // Many tests wait for another process: two files at a time need little more than half the time of one.
    maxWorkers: 2,
    sequence: { sequencer: LongOnesFirst },
    reporters: process.env['CI'] ? ['default', ['json', { outputFile: 'test-results.json' }]] : ['default'],
    coverage: { include: ['src/**'], reporter: ['text', 'html'] },
    projects: [
      {
        extends: true,
        test: { name: 'Express 5', include: ['test/**/*.test.ts'], env: { EXPRESS: '5' } },
      },
      {
        extends: true,
        resolve: { alias: { express: 'express-4' } },
        test: { name: 'Express 4', include: ['test/middleware/**/*.test.ts'], env: { EXPRESS: '4' } },
      },
    ],
  },
});
