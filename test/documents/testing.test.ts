import { afterAll, beforeAll, expect, it } from 'vitest';
import { runBlocks } from './run-blocks.js';
import { cases, cleanUp, prepare, testing } from './scenarios/testing.js';

// Installing the packages from the registry can be slow.
beforeAll(prepare, 600_000);
afterAll(cleanUp, 60_000);

runBlocks(['docs/testing.md'], testing);

it('docs/testing.md needs at most three lines for each case', () => {
  expect(cases.length).toBeGreaterThan(6);
  expect(cases.filter(({ lines }) => lines > 3)).toEqual([]);
});
