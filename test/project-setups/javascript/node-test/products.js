const assert = require('node:assert');
const { test } = require('node:test');
const { statuses } = require('../statuses');

test('protects the route', async () => {
  assert.deepEqual(await statuses(), [200, 403, 401]);
});
