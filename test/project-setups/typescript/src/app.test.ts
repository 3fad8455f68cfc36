import { createM2MClient } from 'express-logto-m2m/client';
import { startTestLogto, type TestLogto } from 'express-logto-m2m/testing';
import request from 'supertest';
import { createApp } from './app';

let logto: TestLogto;
let app: ReturnType<typeof createApp>;
beforeAll(async () => {
  logto = await startTestLogto();
  app = createApp(logto);
  createM2MClient({ endpoint: logto.endpoint, appId: 'a', appSecret: 'b', resource: logto.audience });
});
afterAll(() => logto.stop());

test.each([
  [200, ['read:products']],
  [403, ['write:products']],
])('answers %d to a token with %j', async (status, scopes) => {
  const token = await logto.issueToken({ scopes });
  await request(app).get('/products').auth(token, { type: 'bearer' }).expect(status);
});

test('returns 401 without a token', async () => {
  await request(app).get('/products').expect(401);
});
