import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['vitest/*'], setupFiles: 'express-logto-m2m/testing/setup' },
});
