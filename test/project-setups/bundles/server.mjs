import express from 'express';
import { createLogtoAuth, getAuth } from 'express-logto-m2m';
import { createM2MClient } from 'express-logto-m2m/client';

const { LOGTO_ENDPOINT: endpoint, LOGTO_AUDIENCE: audience, PORT } = process.env;
createM2MClient({ endpoint, appId: 'a', appSecret: 'b', resource: audience });
const { requireScopes } = createLogtoAuth({ endpoint, audience });
const app = express();
app.get('/products', requireScopes('read:products'), (req, res) => {
  res.json({ clientId: getAuth(req).clientId });
});
const server = app.listen(Number(PORT), () => {
  console.log(`http://localhost:${server.address().port}/products`);
});
