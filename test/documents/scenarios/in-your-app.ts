import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'vitest';
import { compile } from '../../support/compile.js';
import { APP, AUDIENCE, forgedToken } from '../../support/logto.js';
import { createSigningKey, signJws } from '../../support/signing.js';
import { edit } from '../recipe.js';
import { expectProtected, onStage, type Scenarios, type Stage } from '../scenario.js';

/** Expects refusals with the status and challenge of the middleware and the body of the error handler. */
async function expectOwnBodies({ get, token, logto }: Stage): Promise<void> {
  const answers = {
    none: await get('/products'),
    malformed: await get('/products', 'a b'),
    forged: await get('/products', await forgedToken(logto)),
    insufficient: await get('/products', await token({ scopes: 'other' })),
  };
  const statuses = Object.fromEntries(Object.entries(answers).map(([name, { status }]) => [name, status]));
  expect(statuses).toEqual({ none: 401, malformed: 400, forged: 401, insufficient: 403 });
  for (const { headers } of Object.values(answers)) {
    expect(headers.get('www-authenticate')).toMatch(/^Bearer realm="api"/);
    expect(headers.get('cache-control')).toBe('no-store');
  }
  expect(await answers.none.json()).toEqual({
    message: expect.stringMatching(/^This API needs an access token/),
  });
  expect((await get('/products', await token())).status).toBe(200);
}

const ownBodies = (code: string) => onStage(code, { language: 'ts' }, expectOwnBodies);

/** Expects a route to accept an app and a user, and to refuse all other requests. */
async function expectUsersAndApps(
  { url, token, logto }: Stage,
  asUser: Record<string, string>,
  asForgedUser: Record<string, string>,
): Promise<void> {
  const ask = async (headers: Record<string, string>) => {
    const answer = await fetch(`${url}/products`, { headers });
    return answer.status === 200 ? ((await answer.json()) as { caller: string }).caller : answer.status;
  };
  const bearer = (credentials: string) => ({ authorization: `Bearer ${credentials}` });
  expect(await ask(asUser)).toBe('a user');
  expect(await ask(bearer(await token()))).toBe(APP);
  expect(await ask({})).toBe(401);
  expect(await ask(asForgedUser)).toBe(401);
  expect(await ask(bearer(await forgedToken(logto)))).toBe(401);
  expect(await ask(bearer(await token({ scopes: 'other' })))).toBe(403);
  // If the request has a token, only the token counts.
  if (!('authorization' in asUser)) expect(await ask({ ...asUser, ...bearer('junk') })).toBe(401);
}

export const inYourApp: Scenarios = {
  'errors-status': ownBodies,
  'errors-response': ownBodies,
  'errors-class': ownBodies,

  'log-pino': (code) =>
    onStage(code, { language: 'ts' }, async (stage) => {
      await expectProtected(stage, '/products');
      const lines = stage.program.output.split('\n').flatMap((line) => (line ? [JSON.parse(line)] : []));
      expect(lines).toContainEqual(
        expect.objectContaining({
          level: 40,
          msg: 'refused',
          reason: 'scope',
          hint: expect.stringContaining('The token lacks read:products'),
          req: expect.objectContaining({ url: '/products' }),
        }),
      );
      expect(stage.program.output).not.toContain('eyJ');
      // A guard above the logger finds no logger on the request.
      const above = edit(
        code,
        'const app = express();',
        "const app = express();\napp.get('/above', requireScopes('read:products'));",
      );
      await onStage(above, { language: 'ts' }, async ({ get }) => {
        expect((await get('/above')).status).toBe(401);
        expect((await get('/products')).status).toBe(401);
      });
    }),

  'log-morgan': (code) =>
    onStage(code, { language: 'ts' }, async ({ get, token, program }) => {
      await get('/products');
      await get('/products', await token());
      await expect
        .poll(() => program.output)
        .toMatch(/^GET \/products 401 no_token\nGET \/products 200 -\n$/);
    }),

  'users-session': async (code) => {
    const login = `
      passport.serializeUser((user, done) => done(null, user));
      passport.deserializeUser((user: Express.User, done) => done(null, user));
      app.post('/login', (req, res, next) => req.login({ id: 'u1' }, (error) => (error ? next(error) : res.end())));
      app.listen`;
    await onStage(edit(code, 'app.listen', login), { language: 'ts' }, async (stage) => {
      const answer = await fetch(`${stage.url}/login`, { method: 'POST' });
      const [cookie = ''] = answer.headers.getSetCookie()[0]?.split(';') ?? [];
      const forged = `${cookie.slice(0, -3)}AAA`;
      await expectUsersAndApps(stage, { cookie }, { cookie: forged });
    });
  },

  'users-jwt': async (code) => {
    const key = createSigningKey('RS256', { kid: 'users-1' });
    const server = createServer((_req, res) =>
      res.end(JSON.stringify({ keys: [{ ...key.publicJwk, alg: 'RS256' }] })),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const seconds = Math.floor(Date.now() / 1000);
    const claims = { iss: issuer, aud: AUDIENCE, sub: 'u1', iat: seconds, exp: seconds + 600 };
    const sign = (by: typeof key) => signJws({ alg: 'RS256', typ: 'JWT', kid: key.kid }, claims, by);
    const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
    try {
      await onStage(code, { language: 'ts', env: { USERS_ISSUER: issuer } }, (stage) =>
        expectUsersAndApps(stage, bearer(sign(key)), bearer(sign(createSigningKey('RS256')))),
      );
    } finally {
      server.close();
    }
  },

  optional: (code) =>
    onStage(code, { language: 'ts' }, async ({ url, get, token }) => {
      const anonymous = await get('/products');
      expect({ status: anonymous.status, body: await anonymous.json() }).toEqual({
        status: 200,
        body: { caller: 'anonymous' },
      });
      const known = await get('/products', await token());
      expect(await known.json()).toEqual({ caller: APP });
      expect((await get('/products', 'junk')).status).toBe(401);
      expect((await get('/products', await token({ scopes: 'write:products' }))).status).toBe(403);
      const empty = await fetch(`${url}/products`, { headers: { authorization: '' } });
      expect(empty.status).toBe(401);
    }),

  'one-module': async (code) => {
    // In an app, other files import the module; this test uses one file.
    const own = `import express from 'express';\n${code}
      const app = express();
      app.get('/products', requireScopes('read:products'), (_req, res) => void res.json([]));
      app.listen(3100);`;
    await onStage(own, { language: 'ts' }, async ({ get, token }) => {
      expect((await get('/products', await token())).status).toBe(200);
      expect((await get('/products')).status).toBe(401);
    });
    compile(code);
  },
};
