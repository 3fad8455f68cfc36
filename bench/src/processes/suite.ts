import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import express, { type RequestHandler } from 'express';
import { AUDIENCE, SCOPE } from '../lab/issuer.js';

/** Whether the suite of ten tests, each with its own request, uses the kit: a guard, and a token for each test. */
const withKit = process.argv[2] === 'kit';

let guards: RequestHandler[] = [];
let token: () => Promise<string> = async () => 'none';
let stop: () => Promise<void> = async () => {};

before(async () => {
  if (!withKit) return;
  // Imported only here, since the cost of the imports is part of the cost of the kit.
  const [{ createLogtoAuth }, { startTestLogto }] = await Promise.all([
    import('express-logto-m2m'),
    import('express-logto-m2m/testing'),
  ]);
  const logto = await startTestLogto({ audience: AUDIENCE });
  const { endpoint, audience } = logto;
  guards = [createLogtoAuth({ endpoint, audience }).requireScopes(SCOPE)];
  token = () => logto.issueToken({ scopes: SCOPE });
  stop = logto.stop;
});
after(() => stop());

for (let i = 1; i <= 10; i += 1) {
  test(`answers ${i}`, async () => {
    const server = express()
      .get('/products', ...guards, (_req, res) => void res.json([]))
      .listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const headers = { authorization: `Bearer ${await token()}` };
    const { status } = await fetch(`http://127.0.0.1:${port}/products`, { headers });
    server.close();
    server.closeAllConnections();
    if (status !== 200) throw new Error(`It answered ${status}.`);
  });
}
