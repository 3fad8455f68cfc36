import express from 'express';
import { createLogtoAuth, getAuth } from 'express-logto-m2m';

export function createApp({ endpoint, audience }) {
  const { requireScopes } = createLogtoAuth({ endpoint, audience });
  const app = express();
  app.get('/products', requireScopes('read:products'), (req, res) => {
    res.json({ clientId: getAuth(req).clientId });
  });
  return app;
}
