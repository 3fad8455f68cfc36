const express = require('express');
const { createLogtoAuth, getAuth } = require('express-logto-m2m');

exports.createApp = ({ endpoint, audience }) => {
  const { requireScopes } = createLogtoAuth({ endpoint, audience });
  const app = express();
  app.get('/products', requireScopes('read:products'), (req, res) => {
    res.json({ clientId: getAuth(req).clientId });
  });
  return app;
};
