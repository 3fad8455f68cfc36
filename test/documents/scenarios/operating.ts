import { expect } from 'vitest';
import { expectProtected, onStage, type Scenarios } from '../scenario.js';

/** The blocks of docs/operating. */
export const operating: Scenarios = {
  probes: (code) =>
    onStage(code, { language: 'ts' }, async (stage) => {
      const status = async (path: string) => (await stage.get(path)).status;
      expect(await status('/healthz')).toBe(200);
      expect(await status('/readyz')).toBe(200);
      await expectProtected(stage, '/products');
    }),

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
