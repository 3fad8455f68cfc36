import { startTestLogto } from 'express-logto-m2m/testing';
import { expect, test } from 'vitest';

test('issues a token', async () => {
  const logto = await startTestLogto();
  expect(await logto.issueToken()).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
  await logto.stop();
});
