import type { AddressInfo } from 'node:net';
import express from 'express';
import { type AccessToken, type Guard, getAuth, requireScopes } from 'express-logto-m2m';

const mayRead: Guard = requireScopes('read:products');

const app = express();
app.get('/products', mayRead, (req, res) => {
  const token: AccessToken = getAuth(req);
  res.json({ clientId: token.clientId });
});
app.get('/products/:id', mayRead, (req, res) => {
  const id: string = req.params.id;
  // @ts-expect-error the guard leaves the parameters of the route alone, and there is no such one
  const name = req.params.name;
  res.json({ id, name });
});

const server = app.listen(Number(process.env['PORT']), () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
});
