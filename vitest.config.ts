import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    // The example imports the package by its name; in tests that name means the source, not an old build.
    alias: { 'express-logto-m2m': source('./src/index.ts') },
  },
  test: {
    include: ['test/**/*.test.ts'],
    reporters: process.env['CI'] ? ['default', ['json', { outputFile: 'test-results.json' }]] : ['default'],
    coverage: { include: ['src/**'], reporter: ['text', 'html'] },
  },
});
