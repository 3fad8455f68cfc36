import { createRequire } from 'node:module';
import express from 'express';
import { expect, it } from 'vitest';

it('the tests use the Express version of their vitest project', () => {
  const installed = process.env['EXPRESS'] === '4' ? 'express-4' : 'express';
  const require = createRequire(import.meta.url);
  expect(express).toBe(require(installed));
  expect(require(`${installed}/package.json`).version).toMatch(new RegExp(`^${process.env['EXPRESS']}\\.`));
});
