import { expect } from 'vitest';
import { APP, AUDIENCE, ownLogto, readingToken } from '../../support/logto.js';
import { ownIssuer } from '../../support/test-issuer.js';
import { askAt } from '../recipe.js';
import { expectProtected, onStage, type Scenarios, type Stage } from '../scenario.js';

/** A listening app with a guard, appended to blocks that create guards. */
const LISTEN = `
import express from 'express';
const application = express();
application.get('/products', requireScopes('read:products'), (req, res) => void res.json({ products: [] }));
application.listen(3100);
`;

const TS = { language: 'ts' } as const;

/** Replaces texts in a block for the test; each text must occur. */
function replace(code: string, replacements: Readonly<Record<string, string>>): string {
  return Object.entries(replacements).reduce((text, [from, to]) => {
    expect(text).toContain(from);
    return text.replaceAll(from, to);
  }, code);
}

/** Expects the behaviour that the page describes for routes above and below `app.use(authenticate())`. */
async function expectOrder(code: string): Promise<void> {
  const USE = 'app.use(authenticate());';
  const METADATA = "app.get('/metadata', resourceMetadata());";
  const REPORTS =
    "app.get('/reports', requireOrganizationScopes('read:reports', { organization: () => 'o1' }), ok);";
  const ORDERS = "app.get('/orders', requireScopes('read:products', { organization: () => 'o1' }), ok);";
  const FORGOTTEN = "app.get('/forgotten', ok);";
  const routes = [METADATA, REPORTS, ORDERS].join('\n');
  const inOrder = (...lines: string[]) =>
    replace(code, {
      '{ authenticate, requireScopes }':
        '{ authenticate, requireScopes, requireOrganizationScopes, resourceMetadata }',
      'const app = express();':
        'const ok: express.RequestHandler = (_req, res) => void res.json({});\nconst app = express();',
      [USE]: lines.join('\n'),
    });
  const optional = replace(USE, { '()': "({ organization: 'optional' })" });

  const statuses = async (text: string) => {
    const logto = await ownLogto();
    const own = replace(text, { 'https://your-tenant.logto.app': logto.endpoint });
    const answers: number[] = [];
    await onStage(own, { ...TS, env: { LOGTO_ENDPOINT: '', LOGTO_AUDIENCE: '' } }, async ({ get }) => {
      const inside = await readingToken(logto, { organizationId: 'o1' });
      const theirs = await logto.issueToken({
        audience: 'urn:logto:organization:o1',
        scopes: 'read:reports',
      });
      const asked = [
        ['/metadata'],
        ['/reports', theirs],
        ['/orders', inside],
        ['/forgotten', inside],
      ] as const;
      for (const [path, token] of asked) answers.push((await get(path, token)).status);
    });
    return answers;
  };
  expect(await statuses(inOrder(routes, USE, FORGOTTEN))).toEqual([200, 200, 200, 403]);
  expect(await statuses(inOrder(USE, routes, FORGOTTEN))).toEqual([401, 401, 403, 403]);
  expect(await statuses(inOrder(optional, routes, FORGOTTEN))).toEqual([401, 401, 200, 200]);
}

export const migrating: Scenarios = {
  bearer: async (code) => {
    await expectOrder(code);
    const logto = await ownLogto();
    const own = replace(code, { 'https://your-tenant.logto.app': logto.endpoint });
    // The environment variables are empty, so the options must suffice.
    const options = { ...TS, env: { LOGTO_ENDPOINT: '', LOGTO_AUDIENCE: '' } };
    await onStage(own, options, async ({ get }) => {
      const token = await readingToken(logto, { claims: { plan: 'gold' } });
      const answer = await get('/products', token);
      expect(await answer.json()).toEqual({ client_id: APP, plan: 'gold' });
      const writing = await logto.issueToken({ scopes: 'write:products' });
      expect((await get('/products', writing)).status).toBe(403);
      expect((await get('/products')).status).toBe(401);
      // Unknown routes need a token too.
      expect((await get('/other')).status).toBe(401);
      expect((await get('/other', token)).status).toBe(404);
      const inside = await readingToken(logto, { organizationId: 'o1' });
      expect((await get('/products', inside)).status).toBe(403);
    });
  },

  claims: async (code) => {
    await onStage(code, TS, async ({ get, token }) => {
      const plan = async (claims: Record<string, unknown>) => {
        const answer = await get('/products', await token({ claims }));
        return { status: answer.status, body: await answer.json() };
      };
      const body = { error: 'insufficient_scope', error_description: 'Another plan is needed.' };
      expect(await plan({ plan: 'gold' })).toEqual({ status: 200, body: { products: [] } });
      expect(await plan({ plan: 'lead' })).toEqual({ status: 403, body });
      expect(await plan({})).toEqual({ status: 403, body });
      expect((await get('/products')).status).toBe(401);
    });
    // A missing claim does not match an undefined setting.
    const unset = replace(code, { "'plan', 'gold'": "'plan', process.env['PLAN'] as string" });
    await onStage(unset, TS, async ({ get, token }) => {
      expect((await get('/products', await token())).status).toBe(403);
    });
  },

  'get-token': (code) =>
    onStage(code + LISTEN, TS, async (stage) => {
      await expectProtected(stage, '/products');
      const { url, get } = stage;
      const [token, another] = [await stage.token(), await stage.token()];
      const insufficient = await stage.token({ scopes: 'write:products' });
      expect((await get(`/products?access_token=${token}`)).status).toBe(200);
      expect((await get(`/products?access_token=${insufficient}`)).status).toBe(403);
      expect((await get(`/products?access_token=${token}&access_token=${another}`)).status).toBe(401);
      // If the header is present, only the header counts.
      expect((await get(`/products?access_token=${token}`, 'junk')).status).toBe(401);
      expect((await get('/products', `${token} ${another}`)).status).toBe(401);
      // Two headers are refused, even if the query has a valid token.
      const path = `/products?access_token=${token}`;
      const header = ['Authorization', `Bearer ${token}`];
      for (const other of [header, ['Authorization', 'Bearer junk'], ['authorization', '']]) {
        expect((await askAt(url, path, [...header, ...other])).status).toBe(401);
        expect((await askAt(url, path, [...other, ...header])).status).toBe(401);
      }
    }),

  agent: async (code) => {
    // The test server uses http, whose agents work the same way and need no certificate.
    const own = replace(code, {
      'node:https': 'node:http',
      "new Agent({ ca: readFileSync('ca.pem') })": 'new Agent({ keepAlive: true })',
      "import { readFileSync } from 'node:fs';\n": '',
    });
    const told = `${own}agent.on('free', () => console.log('by the agent'));\n`;
    await onStage(told + LISTEN, TS, async (stage) => {
      await expectProtected(stage, '/products');
      expect(stage.logto.keyRequests).toBe(1);
      await expect.poll(() => stage.program.output).toBe('by the agent\n');
    });
    // The process must survive responses from which no Response can be constructed.
    for (const status of [204, 304, 700]) {
      const issuer = await ownIssuer();
      issuer.answer = (res) => res.writeHead(status).end();
      const env = { LOGTO_ENDPOINT: issuer.endpoint };
      await onStage(own + LISTEN, { ...TS, env }, async ({ get }) => {
        expect((await get('/products', issuer.token())).status).toBe(503);
        issuer.answer = undefined;
        const later = async () => (await get('/products', issuer.token())).status;
        await expect.poll(later, { timeout: 10_000, interval: 200 }).toBe(200);
      });
    }
  },

  'by-path': async (code) => {
    const [eu, us] = await Promise.all([ownLogto(), ownLogto()]);
    const own = replace(code, {
      'https://eu.your-shop.com': eu.endpoint,
      'https://us.your-shop.com': us.endpoint,
    });
    await onStage(own, TS, async ({ get }) => {
      const token = await readingToken(eu);
      expect((await get('/eu/products', token)).status).toBe(200);
      expect((await get('/us/products', await readingToken(us))).status).toBe(200);
      expect((await get('/us/products', token)).status).toBe(401);
      expect((await get('/eu/products')).status).toBe(401);
      expect((await get('/constructor/products', token)).status).toBe(404);
    });
  },

  errors: (code) =>
    onStage(code, TS, async (stage) => {
      await expectProtected(stage, '/products');
      const { get, token } = stage;
      const expired = await get('/products', await token({ expiresIn: -60 }));
      expect(expired.headers.get('x-hint')).toBe('Ask Logto for another token.');
      expect(expired.headers.get('www-authenticate')).toContain('error="invalid_token"');
      const junk = await get('/products', 'junk');
      expect(junk.headers.get('x-hint')).toBeNull();
      expect(await junk.json()).toEqual({
        error: 'invalid_token',
        error_description: 'The access token is not a well-formed JWT.',
      });
    }),

  sample: (code) =>
    onStage(code, TS, async (stage) => {
      await expectProtected(stage, '/products');
      const { get, token } = stage;
      const answer = await get('/products', await token());
      expect(await answer.json()).toEqual({ app: APP, scopes: ['read:products'] });
      const inside = await token({ organizationId: 'o1' });
      const own = await token({ audience: 'urn:logto:organization:o1', scopes: 'read:reports' });
      expect(await (await get('/organizations/o1/products', inside)).json()).toEqual({ productsOf: 'o1' });
      expect(await (await get('/organizations/o1/reports', own)).json()).toEqual({ reportsOf: 'o1' });
      const statuses = async (path: string) => [
        (await get(path, inside)).status,
        (await get(path, own)).status,
        (await get(path, await token({ scopes: 'read:products read:reports' }))).status,
      ];
      expect(await statuses('/products')).toEqual([403, 401, 200]);
      expect(await statuses('/organizations/o2/products')).toEqual([403, 401, 403]);
      expect(await statuses('/organizations/o2/reports')).toEqual([401, 403, 401]);
    }),

  'express-jwt': (code) =>
    asOptions(code, async (stage) => {
      await expectProtected(stage, '/products');
      expect(await (await stage.get('/products', await stage.token())).json()).toEqual({ caller: APP });
    }),

  'passport-jwt': (code) =>
    asOptions(code, async (stage) => {
      await expectProtected(stage, '/products');
      const answer = await stage.get('/products', await stage.token());
      expect(await answer.json()).toEqual({ id: APP, scopes: ['read:products'] });
    }),

  'mcp-auth': (code) =>
    asOptions(code, async ({ url, get, token, logto }) => {
      const audience = `${AUDIENCE}/mcp`;
      expect((await get('/mcp', await token({ audience }))).status).toBe(200);
      expect((await get('/mcp', await token())).status).toBe(401);
      expect((await get('/mcp', await token({ audience, scopes: 'other' }))).status).toBe(403);
      const metadata = `${AUDIENCE}/.well-known/oauth-protected-resource/mcp`;
      expect((await get('/mcp')).headers.get('www-authenticate')).toContain(
        `resource_metadata="${metadata}"`,
      );
      expect(await (await fetch(`${url}${new URL(metadata).pathname}`)).json()).toEqual({
        resource: audience,
        authorization_servers: [logto.issuer],
        scopes_supported: ['read:products'],
        bearer_methods_supported: ['header'],
      });
    }),
};

/** Runs a block with a new Logto as its tenant and empty environment variables, so its options must suffice. */
async function asOptions(code: string, play: (stage: Stage) => Promise<void>): Promise<void> {
  const logto = await ownLogto();
  const own = replace(code, { 'https://your-tenant.logto.app': logto.endpoint });
  const token = (options = {}) => readingToken(logto, options);
  await onStage(own, { ...TS, env: { LOGTO_ENDPOINT: '', LOGTO_AUDIENCE: '' } }, (stage) =>
    play({ ...stage, logto, token }),
  );
}
