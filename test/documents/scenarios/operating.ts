import { expect, vi } from 'vitest';
import { ownLogto } from '../../support/logto.js';
import { expectProtected, onStage, type Scenarios } from '../scenario.js';

/** The blocks of docs/operating. */
export const operating: Scenarios = {
  probes: async (code) => {
    await onStage(code, { language: 'ts' }, async (stage) => {
      const status = async (path: string) => (await stage.get(path)).status;
      expect(await status('/healthz')).toBe(200);
      expect(await status('/readyz')).toBe(200);
      await expectProtected(stage, '/products');
    });
    // If Logto starts after the API, the probe alone makes the API ready.
    const late = await ownLogto();
    await late.stop();
    await onStage(code, { language: 'ts', env: { LOGTO_ENDPOINT: late.endpoint } }, async ({ get }) => {
      expect((await get('/healthz')).status).toBe(200);
      expect((await get('/readyz')).status).toBe(503);
      await late.start();
      await vi.waitFor(async () => expect((await get('/readyz')).status).toBe(200), {
        timeout: 15_000,
        interval: 500,
      });
    });
  },

  revoke: (code) =>
    onStage(
      `${code}
import express from 'express';
const app = express();
app.get('/products', requireScopes('read:products'), (_req, res) => void res.json([]));
app.listen(3100);`,
      { language: 'ts', env: { REVOKED: 'stolen,evil-app' } },
      async ({ get, token }) => {
        const statusOf = async (claims: Record<string, unknown>) =>
          (await get('/products', await token({ claims }))).status;
        expect(await statusOf({})).toBe(200);
        expect(await statusOf({ jti: undefined })).toBe(200);
        expect(await statusOf({ jti: 'stolen' })).toBe(401);
        expect(await statusOf({ sub: 'evil-app', client_id: 'evil-app' })).toBe(401);
      },
    ),
};
