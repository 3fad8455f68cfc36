import express from 'express';
import { getAuth, requireScopes } from 'express-logto-m2m';

const app = express();
app.get('/products', requireScopes('read:products'), (req, res) => {
  res.json({ clientId: getAuth(req).clientId });
});

const server = app.listen(process.env.PORT, () => {
  console.log(`http://localhost:${server.address().port}`);
});
