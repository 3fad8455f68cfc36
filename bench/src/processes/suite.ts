import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import express, { type RequestHandler } from 'express';
import { AUDIENCE, SCOPE } from '../lab/issuer.js';

/** A user's suite of ten tests, each with a token and a request of its own; or the same without guard and tokens. */
const withKit = process.argv[2] === 'kit';

let guards: RequestHandler[] = [];
let token: () => Promise<string> = async () => 'none';
let stop: () => Promise<void> = async () => {};

before(async () => {
  if (!withKit) return;
  // Imported only here: what the imports cost is part of what the kit adds.
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
