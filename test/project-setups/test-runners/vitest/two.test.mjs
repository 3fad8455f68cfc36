import { expect, test } from 'vitest';
import { statuses } from '../statuses.js';

test('protects the route', async () => {
  expect(await statuses()).toEqual([200, 403, 401, 200]);
});
