import { createM2MClient } from 'express-logto-m2m/client';
import { startTestLogto } from 'express-logto-m2m/testing';
import request from 'supertest';
import { createApp } from './app.js';

/** Registers the tests with any runner. */
export async function suite(test) {
  const logto = await startTestLogto();
  const { endpoint, audience } = logto;
  createM2MClient({ endpoint, appId: 'a', appSecret: 'b', resource: audience });
  const app = createApp({ endpoint, audience });
  const withToken = async (status, scopes) => {
    const token = await logto.issueToken({ scopes });
    await request(app).get('/products').auth(token, { type: 'bearer' }).expect(status);
  };
  test('answers 200 to a token with the permission', () => withToken(200, ['read:products']));
  test('answers 403 to a token without it', () => withToken(403, ['write:products']));
  test('returns 401 without a token', async () => {
    await request(app).get('/products').expect(401);
  });
}
