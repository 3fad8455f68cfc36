const { credentials, reasons, statuses } = require('./checks');

test('protects the route', async () => {
  expect(await statuses()).toEqual([200, 403, 401]);
});

test('tells the reason of a failure', async () => {
  expect(await reasons()).toEqual([true, true, true]);
});

test('calls an API', async () => {
  expect(await credentials()).toEqual(['Bearer t.o.1', 'Bearer t.o.1']);
});
