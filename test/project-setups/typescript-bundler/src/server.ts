import type { AddressInfo } from 'node:net';
import express, { type Request, type Response } from 'express';
import { defaultAuth, getAuth } from 'express-logto-m2m';

const { requireScopes } = defaultAuth();

function listProducts(req: Request, res: Response): void {
  const { clientId } = getAuth(req);
  res.json({ clientId });
}

const app = express();
app.get('/products', requireScopes('read:products'), listProducts);
// @ts-expect-error scopes are text
export const mistaken = () => requireScopes(7);

const server = app.listen(Number(process.env['PORT']), () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
});
