const assert = require('node:assert');
const { test } = require('node:test');
const { credentials, reasons, statuses } = require('../checks');

test('protects the route', async () => {
  assert.deepEqual(await statuses(), [200, 403, 401]);
});

test('tells the reason of a failure', async () => {
  assert.deepEqual(await reasons(), [true, true, true]);
});

test('calls an API', async () => {
  assert.deepEqual(await credentials(), ['Bearer t.o.1', 'Bearer t.o.1']);
});
