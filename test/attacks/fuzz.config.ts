import { defineConfig } from 'vitest/config';
import { ownName } from '../support/own-name.js';

/** For `npm run fuzz`: the property tests alone, a hundred times as long as under `npm test`. */
export default defineConfig({
  resolve: { alias: ownName },
  test: {
    include: ['test/attacks/properties.test.ts'],
    env: { FUZZ_RUNS: process.env['FUZZ_RUNS'] ?? '100000', EXPRESS: '5' },
  },
});
