import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { pool: 'forks', include: ['vitest/*'], globalSetup: 'express-logto-m2m/testing/setup' },
});
