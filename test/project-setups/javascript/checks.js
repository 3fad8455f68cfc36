// biome-ignore-all lint/style/useNodejsImportProtocol: jest 26 does not know the prefix.
const { readFileSync } = require('fs');
const { createServer } = require('http');
const { createLogtoAuth } = require('express-logto-m2m');
const { createM2MClient } = require('express-logto-m2m/client');
const { startTestLogto } = require('express-logto-m2m/testing');
const request = require('supertest');
const { createApp } = require('./app');

/** What the app answers to a token with the permission, to one without it, and to none. */
exports.statuses = async () => {
  const logto = await startTestLogto();
  const app = createApp(logto);
  const withToken = async (options) => {
    const token = await logto.issueToken(options);
    return (await request(app).get('/products').auth(token, { type: 'bearer' })).status;
  };
  try {
    return [
      await withToken({ scopes: ['read:products'] }),
      await withToken(),
      (await request(app).get('/products')).status,
    ];
  } finally {
    await logto.stop();
  }
};

/** What is said of errors that Node makes: in jest's sandbox, its Error is not the one of the tests. */
exports.reasons = async () => {
  const logto = await startTestLogto();
  const token = await logto.issueToken();
  const { endpoint, audience } = logto;
  const isRevoked = () => readFileSync('/no/such/file') === undefined;
  const failing = createLogtoAuth({ endpoint, audience, isRevoked }).verify(token);
  const thrown = await failing.catch((error) => error.message);
  await logto.stop();
  const refused = createLogtoAuth({ endpoint, audience }).verify(token);
  const hint = await refused.catch((error) => error.hint);
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await new Promise((resolve) => {
    silent.once('listening', resolve);
  });
  const jwksUri = `http://127.0.0.1:${silent.address().port}`;
  const slow = createLogtoAuth({
    issuers: [{ issuer: logto.issuer, jwksUri }],
    audience,
    jwksCache: { timeout: 0.3 },
  }).verify(token);
  const late = await slow.catch((error) => error.hint);
  silent.closeAllConnections();
  silent.close();
  return [
    /ENOENT/.test(thrown),
    /ECONNREFUSED/.test(hint),
    /no complete response arrived in time/.test(late),
  ];
};

/** What the API gets from a client, and from a replica that shares its token. */
exports.credentials = async () => {
  let tokens = 0;
  const server = createServer((req, res) => {
    res.setHeader('content-type', 'application/json');
    if (req.url !== '/oidc/token') return res.end(JSON.stringify(req.headers.authorization));
    tokens += 1;
    return res.end(JSON.stringify({ access_token: `t.o.${tokens}`, token_type: 'Bearer', expires_in: 600 }));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => {
    server.once('listening', resolve);
  });
  const endpoint = `http://127.0.0.1:${server.address().port}`;
  const kept = new Map();
  const store = { get: async (key) => kept.get(key), set: async (key, value) => kept.set(key, value) };
  const options = {
    endpoint,
    baseUrl: endpoint,
    appId: 'a',
    appSecret: 'b',
    resource: 'https://a.api',
    store,
  };
  const ask = async () => (await createM2MClient(options).fetch('/')).json();
  const first = await ask();
  // The store is written behind the answer.
  await new Promise((resolve) => {
    setTimeout(resolve, 100);
  });
  const second = await ask();
  server.closeAllConnections();
  server.close();
  return [first, second];
};
