import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import express = require('express');

import {
  AuthError,
  createLogtoAuth,
  getAuth,
  type LogtoAuth,
  type LogtoAuthOptions,
} from 'express-logto-m2m';
import { createM2MClient, type M2MClient, type M2MClientOptions } from 'express-logto-m2m/client';
import { type SharedTestLogto, startTestLogto, testLogto } from 'express-logto-m2m/testing';
import setup from 'express-logto-m2m/testing/setup';
import nodeFetch from 'node-fetch';
import { fetch as undiciFetch } from 'undici';

const options: LogtoAuthOptions = { endpoint: 'https://logto.example', audience: 'https://shopping.api' };
const auth: LogtoAuth = createLogtoAuth(options);
const app = express();
app.get('/products/:id', auth.requireScopes('read:products'), (req, res) => {
  const id: string = req.params.id;
  res.json([id, getAuth(req).clientId, req.auth?.scopes]);
});

const appOptions: M2MClientOptions = {
  endpoint: 'https://logto.example',
  appId: 'app',
  appSecret: 'secret',
  resource: 'https://shopping.api',
};
const client: M2MClient = createM2MClient(appOptions);

// A `fetch` of a library needs no cast.
for (const fetch of [undiciFetch, nodeFetch, globalThis.fetch]) createLogtoAuth({ ...options, fetch });
createLogtoAuth({ ...options, fetch: undiciFetch });
createLogtoAuth({ ...options, fetch: nodeFetch });
createM2MClient({ ...appOptions, fetch: undiciFetch });
createM2MClient({ ...appOptions, fetch: nodeFetch });

// @ts-expect-error a scope is needed
const mistaken = () => auth.requireScopes();
// @ts-expect-error resource or organizationId is needed
const mistakenToo = () => createM2MClient({ endpoint: 'https://logto.example', appId: 'a', appSecret: 'b' });

const start: () => Promise<void> = setup;
const shared: () => SharedTestLogto = testLogto;

async function main(): Promise<void> {
  const loaded = [client.fetch, start, shared, mistaken, mistakenToo].every((f) => typeof f === 'function');
  const refused: unknown = await auth.verify('junk').catch((reason: unknown) => reason);
  console.log(loaded, refused instanceof AuthError && refused.reason);

  // Each `fetch` gets keys, and a token, which it sends.
  const logto = await startTestLogto();
  const api = createServer((req, res) => {
    const token = { access_token: 't.o.k', token_type: 'Bearer', expires_in: 600 };
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify(req.url === '/oidc/token' ? token : req.headers.authorization));
  }).listen(0, '127.0.0.1');
  await once(api, 'listening');
  const address = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  for (const fetch of [undiciFetch, nodeFetch]) {
    const { endpoint, audience } = logto;
    const { clientId } = await createLogtoAuth({ endpoint, audience, fetch }).verify(
      await logto.issueToken(),
    );
    const caller = createM2MClient({ ...appOptions, endpoint: address, baseUrl: address, fetch });
    console.log(clientId, await (await caller.fetch('/')).json());
  }
  process.exit();
}

main().catch(console.error);
