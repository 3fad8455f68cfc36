const express = require('express');
const { getAuth, requireScopes } = require('express-logto-m2m');
const { createM2MClient } = require('express-logto-m2m/client');

const { LOGTO_ENDPOINT: endpoint, LOGTO_AUDIENCE: resource } = process.env;
createM2MClient({ endpoint, appId: 'a', appSecret: 'b', resource });
const app = express();
app.get('/products', requireScopes('read:products'), (req, res) => {
  res.json({ clientId: getAuth(req).clientId });
});
const server = app.listen(Number(process.env.PORT), () => {
  console.log(`http://localhost:${server.address().port}/products`);
});
