import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { pool: 'threads', include: ['vitest/*'], globalSetup: 'express-logto-m2m/testing/setup' },
});
