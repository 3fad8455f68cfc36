// The guard is made when this file is loaded, as in most backends.
const express = require('express');
const { getAuth, requireScopes } = require('express-logto-m2m');

const app = express();
app.get('/health', (_req, res) => res.json({ ok: true }));
app.get('/products', requireScopes('read:products'), (req, res) => {
  res.json({ clientId: getAuth(req).clientId });
});

module.exports = app;
