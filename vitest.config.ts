import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    // The example imports the package by its name; in tests that name means the source, not an old build.
    alias: { 'express-logto-m2m': source('./src/index.ts') },
  },
  test: {
    // Many tests wait for another process: two files at a time need little more than half the time of one.
    maxWorkers: 2,
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
