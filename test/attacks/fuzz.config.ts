import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** For `npm run fuzz`: the property tests alone, a hundred times as long as under `npm test`. */
export default defineConfig({
  resolve: { alias: { 'express-logto-m2m': fileURLToPath(new URL('../../src/index.ts', import.meta.url)) } },
  test: {
    include: ['test/attacks/properties.test.ts'],
    env: { FUZZ_RUNS: process.env['FUZZ_RUNS'] ?? '100000', EXPRESS: '5' },
  },
});
