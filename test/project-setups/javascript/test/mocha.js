const { expect } = require('chai');
const { statuses } = require('../statuses');

it('protects the route', async () => {
  expect(await statuses()).to.deep.equal([200, 403, 401]);
});
