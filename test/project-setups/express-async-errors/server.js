const express = require('express');
require('express-async-errors');
const { createLogtoAuth, getAuth } = require('express-logto-m2m');

const entered = [];

const { requireScopes } = createLogtoAuth({
  isRevoked: async ({ clientId }) => {
    if (clientId === 'unknown') throw new Error('the list of revoked apps cannot be read');
    return clientId === 'revoked';
  },
});

const app = express();
app.get('/products', requireScopes('read:products'), async (req, res) => {
  entered.push('/products');
  res.json({ clientId: getAuth(req).clientId });
});
app.get('/broken', requireScopes('read:products'), async () => {
  entered.push('/broken');
  throw new Error('the products cannot be read');
});
app.get('/entered', (_req, res) => res.json(entered));
app.use((error, _req, res, _next) => {
  res.status(500).json({ problem: error.message });
});

const server = app.listen(process.env.PORT, () => {
  console.log(`http://localhost:${server.address().port}`);
});
