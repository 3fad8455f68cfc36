import { readFileSync } from 'node:fs';
import express from 'express';
import { expect } from 'vitest';
import { createLogtoAuth } from '../../../src/index.js';
import { Recorder, TokenIssuer } from '../../support/client.js';
import { compile } from '../../support/compile.js';
import { Program } from '../../support/program.js';
import { Redis } from '../../support/redis.js';
import type { Scenarios } from '../scenario.js';
import { withNames } from './with-names.js';

const LOGTO = 'https://your-tenant.logto.app';
const MANAGEMENT_API = 'https://your-tenant.logto.app/api';

/** The responses of a real Logto. */
const recorded: { method: string; path: string; status: number; response: unknown }[] = JSON.parse(
  readFileSync(new URL('../../fixtures/logto/management-api.json', import.meta.url), 'utf8'),
);

export const calling: Scenarios = {
  calling: (code) =>
    asApp(async ({ logto, run }) => {
      const { requireScopes } = createLogtoAuth({
        endpoint: logto.endpoint,
        audience: 'https://shopping.api',
      });
      const app = express();
      app.get('/products', requireScopes('read:products'), (_req, res) => void res.json(['tea']));
      const api = await Recorder.start(app);
      const own = withNames(code, { [LOGTO]: logto.endpoint, 'https://shop.your-company.com': api.url });
      expect(await run(own)).toEqual({ exitCode: 0, output: "200 [ 'tea' ]\n" });
      await api.stop();
    }),

  'calling-error': (code) =>
    asApp(async ({ logto, run }) => {
      const { exitCode, output } = await run(withNames(code, { [LOGTO]: logto.endpoint }));
      expect(exitCode).toBe(0);
      expect(output).toMatch(
        /^invalid_client 401 The secret is not that of app kgztf9id8s3j3g6q9x0fv, or this app is not a machine-to-machine app\. Copy the secret again/,
      );
    }),

  'calling-store': (code) =>
    asApp(async ({ logto, run }) => {
      const redis = await Redis.start();
      try {
        // The open connection to Redis would keep the program running.
        const own = `${withNames(code, { [LOGTO]: logto.endpoint })}\nprocess.exit();`;
        const granted = { exitCode: 0, output: "[ 'read:products' ]\n" };
        expect(await run(own, { REDIS_URL: redis.url })).toEqual(granted);
        expect(await run(own, { REDIS_URL: redis.url })).toEqual(granted);
      } finally {
        await redis.kill();
      }
    }),

  'calling-management': (code) =>
    asApp(async ({ logto, run }) => {
      logto.directory.resources.push({ indicator: MANAGEMENT_API, scopes: ['all'], accessTokenTtl: 3600 });
      logto.app().grants[MANAGEMENT_API] = ['all'];
      const { requireScopes } = createLogtoAuth({ endpoint: logto.endpoint, audience: MANAGEMENT_API });
      const resources = recorded.find(
        ({ method, path, status }) => method === 'GET' && path.startsWith('/api/resources') && status === 200,
      );
      const app = express();
      app.get('/api/resources', requireScopes('all'), (_req, res) => void res.json(resources?.response));
      const api = await Recorder.start(app);
      const own = code
        .replace(`const endpoint = '${LOGTO}'`, `const endpoint = '${logto.endpoint}'`)
        .replace('baseUrl: endpoint', `baseUrl: '${api.url}'`);
      expect(await run(own)).toEqual({
        exitCode: 0,
        output: "[ 'https://default.logto.app/api', 'https://shopping.api' ]\n",
      });
      await api.stop();
    }),
};

interface AsApp {
  readonly logto: TokenIssuer;
  run(code: string, env?: Record<string, string>): Promise<{ exitCode: number | null; output: string }>;
}

/** Runs programs with the credentials of an app of the local issuer. */
async function asApp(play: (stage: AsApp) => Promise<void>): Promise<void> {
  const logto = await TokenIssuer.start();
  const { id, secret } = logto.app();
  try {
    await play({
      logto,
      run: async (code, env = {}) => {
        const program = new Program(compile(code), {
          env: { LOGTO_APP_ID: id, LOGTO_APP_SECRET: secret, ...env },
        });
        const exitCode = await program.end();
        await program.stop();
        return { exitCode, output: program.output };
      },
    });
  } finally {
    await logto.stop();
  }
}
