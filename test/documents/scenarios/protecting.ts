import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { compile } from '../../support/compile.js';
import { APP, AUDIENCE, keySetOf, ownLogto, readingToken } from '../../support/logto.js';
import { Program } from '../../support/program.js';
import { Redis } from '../../support/redis.js';
import { edit } from '../recipe.js';
import { expectProtected, onStage, type Scenarios } from '../scenario.js';
import { withNames } from './with-names.js';

/** A listening app with a guard, appended to blocks that create guards. */
export const LISTEN = `
import express from 'express';
const application = express();
application.get('/products', requireScopes('read:products'), (req, res) => void res.json({ products: [] }));
application.listen(3100);
`;

/** The pages on guards, their options, refusals and outages. */
export const protecting: Scenarios = {
  options: async (code) => {
    const logto = await ownLogto();
    const own = withNames(code, { 'https://your-tenant.logto.app': logto.endpoint });
    await onStage(own + LISTEN, { language: 'ts' }, async ({ get }) => {
      expect((await get('/products', await readingToken(logto))).status).toBe(200);
      expect((await get('/products')).status).toBe(401);
    });
  },

  cors: (code) =>
    onStage(
      `import express from 'express';\nimport { requireScopes } from 'express-logto-m2m';\nconst app = express();\n` +
        `${code}\napp.get('/products', (_req, res) => void res.json([]));\napp.listen(3100);`,
      { language: 'ts' },
      async (stage) => {
        await expectProtected(stage, '/products');
        const preflight = await fetch(`${stage.url}/products`, {
          method: 'OPTIONS',
          headers: {
            origin: 'https://shop.example',
            'access-control-request-method': 'GET',
            'access-control-request-headers': 'authorization',
          },
        });
        expect(preflight.status).toBe(204);
        expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization');
        const refused = await stage.get('/products');
        expect(refused.headers.get('access-control-allow-origin')).toBe('*');
        expect(refused.headers.get('access-control-expose-headers')).toBe('WWW-Authenticate,Retry-After');
      },
    ),

  verify: async (code) => {
    const logto = await ownLogto();
    const env = { LOGTO_ENDPOINT: logto.endpoint, LOGTO_AUDIENCE: AUDIENCE };
    const ask = async (token: string) => {
      const program = new Program(
        compile(`const token = process.env['TOKEN'] as string;\n${code}\nconsole.log(clientId);`),
        { env: { ...env, TOKEN: token } },
      );
      const exitCode = await program.end();
      await program.stop();
      return { exitCode, output: program.output };
    };
    expect(await ask(await readingToken(logto))).toEqual({ exitCode: 0, output: `${APP}\n` });
    const refused = await ask(await logto.issueToken({ scopes: 'write:products' }));
    expect(refused).toMatchObject({ exitCode: 1, output: expect.stringMatching(/lacks a permission/) });
  },

  organizations: (code) =>
    onStage(
      `import express from 'express';\nconst app = express();\n${code}\napp.listen(3100);`,
      { language: 'ts' },
      async ({ get, token }) => {
        const inside = await token({ organizationId: 'o1' });
        const own = await token({ audience: 'urn:logto:organization:o1', scopes: 'read:reports' });
        const statuses = async (path: string) => [
          (await get(path, inside)).status,
          (await get(path, own)).status,
          (await get(path, await token({ scopes: 'read:products read:reports' }))).status,
        ];
        expect(await statuses('/organizations/o1/products')).toEqual([200, 401, 403]);
        expect(await statuses('/organizations/o2/products')).toEqual([403, 401, 403]);
        expect(await statuses('/organizations/o1/reports')).toEqual([401, 200, 401]);
        expect(await statuses('/organizations/o2/reports')).toEqual([401, 403, 401]);
      },
    ),

  several: async (code) => {
    const [tenant, custom, other] = await Promise.all([ownLogto(), ownLogto(), ownLogto()]);
    const own = withNames(code, {
      'https://your-tenant.logto.app': tenant.endpoint,
      'https://auth.your-shop.com': custom.endpoint,
    });
    await onStage(own + LISTEN, { language: 'ts' }, async ({ get }) => {
      expect((await get('/products', await readingToken(tenant))).status).toBe(200);
      expect((await get('/products', await readingToken(other))).status).toBe(401);
      const crossed = await readingToken(tenant, { claims: { iss: custom.issuer } });
      expect((await get('/products', crossed)).status).toBe(401);
      await tenant.stop();
      expect((await get('/products', await readingToken(custom))).status).toBe(200);
    });
  },

  internal: async (code) => {
    const logto = await ownLogto();
    expect(code).toContain('allowInsecureRequests: true');
    const without = code.replace('allowInsecureRequests: true', 'allowInsecureRequests: false');
    const program = new Program(compile(without + LISTEN));
    expect(await program.end()).toBe(1);
    expect(program.output).toMatch(/`issuers\[0\]\.jwksUri` must be https/);
    await program.stop();
    const own = withNames(code, { 'http://logto:3001': logto.endpoint });
    await onStage(own + LISTEN, { language: 'ts' }, async ({ get }) => {
      const publicOne = await readingToken(logto, { claims: { iss: 'https://auth.your-shop.com/oidc' } });
      expect((await get('/products', publicOne)).status).toBe(200);
      expect((await get('/products', await readingToken(logto))).status).toBe(401);
    });
  },

  pinned: async (code) => {
    const logto = await ownLogto();
    const jwks = JSON.stringify(await keySetOf(logto));
    // A user has copied the file; in this test, the program writes it first.
    const write = `import { writeFileSync } from 'node:fs';\nwriteFileSync('jwks.json', ${JSON.stringify(jwks)});\n`;
    await onStage(write + code + LISTEN, { language: 'ts' }, async ({ get }) => {
      const token = await readingToken(logto, { claims: { iss: 'https://auth.your-shop.com/oidc' } });
      expect((await get('/products', token)).status).toBe(200);
      expect((await get('/products')).status).toBe(401);
    });
    // The only key request is that of `keySetOf` above.
    expect(logto.keyRequests).toBe(1);
  },

  'pinned-file': async (code) => {
    const logto = await ownLogto();
    const folder = mkdtempSync(join(tmpdir(), 'pinned-'));
    const file = join(folder, 'jwks.json');
    const publish = async () => writeFileSync(file, JSON.stringify(await logto.keySet()));
    await publish();
    const own = edit(code, "'jwks.json'", JSON.stringify(file));
    await onStage(own + LISTEN, { language: 'ts' }, async ({ get }) => {
      const token = () => readingToken(logto, { claims: { iss: 'https://auth.your-shop.com/oidc' } });
      expect((await get('/products', await token())).status).toBe(200);
      await logto.rotateKeys();
      await publish();
      expect((await get('/products', await token())).status).toBe(200);
      expect((await get('/products')).status).toBe(401);
    });
    rmSync(folder, { recursive: true });
    expect(logto.keyRequests).toBe(0);
  },

  'on-error': (code) =>
    onStage(code + LISTEN, { language: 'ts' }, async ({ get, token }) => {
      expect((await get('/products', await token())).status).toBe(200);
      const refused = await get('/products', await token({ scopes: 'write:products' }));
      expect(refused.status).toBe(403);
      expect(refused.headers.get('www-authenticate')).toContain('error="insufficient_scope"');
      expect(await refused.json()).toEqual({
        message: 'The access token lacks a permission that this request needs.',
      });
    }),

  store: async (code) => {
    const redis = await Redis.start();
    const options = { language: 'ts' as const, env: { REDIS_URL: redis.url } };
    try {
      await onStage(code + LISTEN, options, async ({ get, token, logto }) => {
        expect((await get('/products', await token())).status).toBe(200);
        const env = { LOGTO_ENDPOINT: logto.endpoint, LOGTO_AUDIENCE: AUDIENCE, REDIS_URL: redis.url };
        await logto.stop();
        // The second replica has never reached Logto.
        const second = new Program(compile(code + LISTEN), { env });
        const answer = await fetch(`${await second.url()}/products`, {
          headers: { authorization: `Bearer ${await token()}` },
        });
        expect(answer.status).toBe(200);
        await second.stop();
      });
    } finally {
      await redis.kill();
    }
  },

  metadata: (code) =>
    onStage(
      `import express from 'express';\n${code.replace('const {', 'const app = express();\nconst {')}
       app.get('/products', requireScopes('read:products'), (_req, res) => void res.json([]));
       app.listen(3100);`,
      { language: 'ts' },
      async ({ get, token, logto }) => {
        expect((await get('/products', await token())).status).toBe(200);
        const document = await get('/.well-known/oauth-protected-resource');
        const preflight = await fetch(document.url, { method: 'OPTIONS' });
        expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
        expect(await document.json()).toEqual({
          resource: AUDIENCE,
          authorization_servers: [logto.issuer],
          scopes_supported: ['read:products'],
          bearer_methods_supported: ['header'],
        });
        expect((await get('/products')).headers.get('www-authenticate')).toContain(
          'resource_metadata="https://shopping.api/.well-known/oauth-protected-resource"',
        );
      },
    ),
};
