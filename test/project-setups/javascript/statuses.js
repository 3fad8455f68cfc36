const { createM2MClient } = require('express-logto-m2m/client');
const { startTestLogto } = require('express-logto-m2m/testing');
const request = require('supertest');
const { createApp } = require('./app');

/** What the app answers to a token with the permission, to one without it, and to none. */
exports.statuses = async () => {
  const logto = await startTestLogto();
  const { endpoint, audience } = logto;
  createM2MClient({ endpoint, appId: 'shop', appSecret: 'secret', resource: audience });
  const app = createApp({ endpoint, audience });
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
