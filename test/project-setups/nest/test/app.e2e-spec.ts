import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { startTestLogto, type TestLogto } from 'express-logto-m2m/testing';
import * as request from 'supertest';
import { AppModule } from '../src/app.module';

describe('AppModule (e2e)', () => {
  let logto: TestLogto;
  let app: INestApplication;

  beforeAll(async () => {
    logto = await startTestLogto();
    process.env.LOGTO_ENDPOINT = logto.endpoint;
    process.env.LOGTO_AUDIENCE = logto.audience;
    app = (await Test.createTestingModule({ imports: [AppModule] }).compile()).createNestApplication();
    await app.init();
  });
  afterAll(async () => {
    await app.close();
    await logto.stop();
  });

  const get = () => request.agent(app.getHttpServer()).get('/products');

  it('answers 200 to a token with the permission', async () => {
    const token = await logto.issueToken({ scopes: ['read:products'] });
    await get().auth(token, { type: 'bearer' }).expect(200, { clientId: 'test-app' });
  });

  it('answers 403 to a token without it', async () => {
    await get()
      .auth(await logto.issueToken(), { type: 'bearer' })
      .expect(403);
  });

  it('returns 401 without a token', async () => {
    await get().expect(401);
  });
});
