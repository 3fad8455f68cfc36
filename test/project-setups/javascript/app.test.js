const { statuses } = require('./statuses');

test('protects the route', async () => {
  expect(await statuses()).toEqual([200, 403, 401]);
});
