import { afterAll, beforeAll, expect, it } from 'vitest';
import { runBlocks } from './run-blocks.js';
import { cases, cleanUp, prepare, testing } from './scenarios/testing.js';

// Packages come from the registry, by a slow line perhaps.
beforeAll(prepare, 600_000);
afterAll(cleanUp, 60_000);

runBlocks(['docs/testing.md'], testing);

it('takes three lines for a case, or fewer', () => {
  expect(cases.length).toBeGreaterThan(6);
  expect(cases.filter(({ lines }) => lines > 3)).toEqual([]);
});
