const { writeFileSync } = require('node:fs');
const { testLogto } = require('express-logto-m2m/testing');
const request = require('supertest');
const app = require('./app');

/** What the app answers to a token with the permission, to one without it, and to none. */
exports.statuses = async () => {
  // One file for each test file, with the Logto that it was given.
  writeFileSync(`${process.env.SEEN}/${process.hrtime.bigint()}`, testLogto().endpoint);
  const withToken = async (options) => {
    const token = await testLogto().issueToken(options);
    return (await request(app).get('/products').auth(token, { type: 'bearer' })).status;
  };
  return [
    await withToken({ scopes: ['read:products'] }),
    await withToken(),
    (await request(app).get('/products')).status,
    (await request(app).get('/health')).status,
  ];
};
