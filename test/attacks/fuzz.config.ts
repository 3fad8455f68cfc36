import { defineConfig } from 'vitest/config';
import { ownName } from '../support/own-name.js';

/** For `npm run fuzz`: only the property tests, with far more runs than in `npm test`. */
export default defineConfig({
  resolve: { alias: ownName },
  test: {
    include: ['test/attacks/properties.test.ts'],
    env: { FUZZ_RUNS: process.env['FUZZ_RUNS'] ?? '100000', EXPRESS: '5' },
  },
});
