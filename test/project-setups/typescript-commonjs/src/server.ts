import type { AddressInfo } from 'node:net';
import express, { Router } from 'express';
import { requireScopes } from './auth';

const products = Router();
products.use(requireScopes(['read:products'], { machineOnly: true }));
products.get('/', (req, res) => {
  res.json({ clientId: req.auth?.clientId });
});

const app = express();
app.use('/products', products);

const server = app.listen(Number(process.env.PORT), () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
});
