import { createRequire } from 'node:module';
import express from 'express';
import { expect, it } from 'vitest';

it('runs these tests on the Express that the project names', () => {
  const installed = process.env['EXPRESS'] === '4' ? 'express-4' : 'express';
  const require = createRequire(import.meta.url);
  expect(express).toBe(require(installed));
  expect(require(`${installed}/package.json`).version).toMatch(new RegExp(`^${process.env['EXPRESS']}\\.`));
});
