import type { AddressInfo } from 'node:net';
import { createM2MClient } from 'express-logto-m2m/client';
import { createApp } from './app.js';

const { LOGTO_ENDPOINT = '', LOGTO_AUDIENCE = '', PORT } = process.env;
createM2MClient({ endpoint: LOGTO_ENDPOINT, appId: 'a', appSecret: 'b', resource: LOGTO_AUDIENCE });
const app = createApp({ endpoint: LOGTO_ENDPOINT, audience: LOGTO_AUDIENCE });
const server = app.listen(Number(PORT), () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}/products`);
});
