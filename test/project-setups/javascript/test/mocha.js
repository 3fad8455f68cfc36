const { expect } = require('chai');
const { credentials, reasons, statuses } = require('../checks');

it('protects the route', async () => {
  expect(await statuses()).to.deep.equal([200, 403, 401]);
});

it('tells the reason of a failure', async () => {
  expect(await reasons()).to.deep.equal([true, true, true]);
});

it('calls an API', async () => {
  expect(await credentials()).to.deep.equal(['Bearer t.o.1', 'Bearer t.o.1']);
});
