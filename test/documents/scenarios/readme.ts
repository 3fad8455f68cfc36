import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { shopDirectory } from '../../local-issuer/directory.js';
import { startLocalIssuer } from '../../local-issuer/local-issuer.js';
import { APP, AUDIENCE } from '../../support/logto.js';
import { blocksOf } from '../../support/markdown.js';
import { Program } from '../../support/program.js';
import { edit } from '../recipe.js';
import { expectProtected, onStage, type Scenarios } from '../scenario.js';
import { calling } from './calling.js';
import { inYourApp } from './in-your-app.js';
import { operating } from './operating.js';
import { LISTEN, protecting } from './protecting.js';
import { setup } from './setup.js';
import { importedApp, inFolder, run, tapOutcome } from './testing.js';
import { withNames } from './with-names.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const manifest = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));

/** The server of the README, which other blocks use. */
const server = blockNamed('server');
const ownTest = blockNamed('readme-testing');
const TEST_COMMAND = blockNamed('readme-test-run').trim();

export const readme: Scenarios = {
  ...calling,
  ...inYourApp,
  ...operating,
  ...protecting,
  ...setup,

  demo: async (code) => expectScripts(code, ['demo']),

  test: async (code) => expectScripts(code, ['test']),

  install: async (code) => {
    expect(code).toBe(`npm install ${manifest.name} express\n`);
  },

  server: (code) =>
    onStage(code, { language: 'js' }, async (stage) => {
      await expectProtected(stage, '/products');
      const answer = await stage.get('/products', await stage.token());
      expect(await answer.json()).toEqual({ caller: APP });
    }),

  'server-commonjs': (code) =>
    onStage(code, { language: 'js', extension: 'cjs' }, async (stage) => {
      await expectProtected(stage, '/products');
      const answer = await stage.get('/products', await stage.token());
      expect(await answer.json()).toEqual({ caller: APP });
    }),

  environment: expectEnvironment,

  'environment-local': expectEnvironment,

  'local-logto': async (code) => {
    const program = new Program(code);
    try {
      const env = await variablesOf(blockNamed('ask-environment'));
      const response = await fetch(`${await program.url()}/oidc/token`, {
        method: 'POST',
        headers: {
          authorization: `Basic ${btoa(`${env['LOGTO_APP_ID']}:${env['LOGTO_APP_SECRET']}`)}`,
        },
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          resource: String(env['LOGTO_AUDIENCE']),
          scope: 'read:products',
        }),
      });
      expect(await response.json()).toMatchObject({ scope: 'read:products' });
    } finally {
      await program.stop();
    }
  },

  'ask-environment': async (code) => {
    expect(await variablesOf(code)).toEqual({
      ...(await variablesOf(blockNamed('environment-local').replace(/^node .*$/m, ''))),
      LOGTO_APP_ID: expect.any(String),
      LOGTO_APP_SECRET: expect.any(String),
    });
  },

  'ask-curl': async (code) => {
    await withShop(async ({ env, url }) => {
      const script = withNames(code, { 'http://localhost:3100': url });
      const { stdout } = await promisify(execFile)('sh', ['-ec', script], {
        env: { ...process.env, ...env },
      });
      expect(stdout).toMatch(/^HTTP\/1\.1 200 OK/);
      expect(stdout).toContain(`{"caller":"${env.LOGTO_APP_ID}"}`);
    });
  },

  'get-auth': (code) =>
    onStage(
      `import express from 'express';\nimport { getAuth, requireScopes } from 'express-logto-m2m';\n` +
        `const app = express();\n${code}\napp.listen(3100);`,
      { language: 'ts' },
      async (stage) => {
        await expectProtected(stage, '/products');
        const answer = await stage.get('/products', await stage.token({ claims: { plan: 'gold' } }));
        expect(await answer.json()).toEqual({
          clientId: APP,
          scopes: ['read:products'],
          plan: 'gold',
        });
      },
    ),

  'error-handler': (code) =>
    onStage(
      `${code.replace(
        'const app = express();',
        "$&\napp.get('/broken', () => { throw new Error('a secret of ours'); });",
      )}
       app.listen(3100);`,
      { language: 'ts' },
      async ({ get, token }) => {
        expect((await get('/products', await token())).status).toBe(200);
        const refused = await get('/products', await token({ scopes: 'write:products' }));
        expect(refused.status).toBe(403);
        expect(refused.headers.get('www-authenticate')).toContain('error="insufficient_scope"');
        expect(await refused.json()).toEqual({
          problem: 'The access token lacks a permission that this request needs.',
        });
        const broken = await get('/broken');
        expect({ status: broken.status, body: await broken.json() }).toEqual({
          status: 500,
          body: { problem: 'Sorry.' },
        });
      },
    ),

  denied: (code) =>
    onStage(
      `import { requireScopes } from 'express-logto-m2m';\n${code}${LISTEN}`,
      { language: 'js' },
      async ({ get, token, program }) => {
        await get('/products', await token({ scopes: 'write:products' }));
        await expect
          .poll(() => program.output)
          .toMatch(/^403 scope The token lacks read:products; it has "write:products"/);
      },
    ),

  refused: async (code) => {
    await onStage(server, { language: 'js' }, async ({ get, token }) => {
      const response = await get('/products', await token({ scopes: 'read:orders' }));
      const [head = '', body] = code.trimEnd().split('\n\n');
      const [statusLine, ...lines] = head.split('\n');
      expect(`HTTP/1.1 ${response.status} ${response.statusText}`).toBe(statusLine);
      for (const line of lines) {
        const [name = '', value] = line.split(/: (.*)/);
        expect(response.headers.get(name)).toBe(value);
      }
      expect(await response.text()).toBe(body);
    });
  },

  'readme-testing': async (code) => {
    // Without a guard, the test that expects 403 fails.
    const open = edit(importedApp, /requireScopes\('.*?\), /, '');
    expect(await runNodeTest({ 'app.js': open, 'app.test.js': code }, TEST_COMMAND)).toEqual({
      passed: ['returns the products to an app with the permission'],
      failed: ['refuses an app without the permission'],
    });
  },

  'readme-test-run': async (code) => {
    expect(await runNodeTest({ 'app.js': importedApp, 'app.test.js': ownTest }, code.trim())).toEqual({
      passed: ['refuses an app without the permission', 'returns the products to an app with the permission'],
      failed: [],
    });
  },
};

function blockNamed(wanted: string): string {
  return blocksOf('README.md').find(({ name }) => name === wanted)?.code ?? '';
}

/** Runs a test file with this command of node:test. */
async function runNodeTest(files: Record<string, string>, command: string) {
  return inFolder(files, async (folder) => {
    const { said } = await run('sh', ['-ec', edit(command, '--test', '--test --test-reporter=tap')], folder);
    return tapOutcome(said);
  });
}

/** Runs the block in a shell, and the server of the README instead of `node server.mjs`. */
async function expectEnvironment(code: string): Promise<void> {
  expect(code.trim().split('\n').at(-1)).toBe('node server.mjs');
  const env = await variablesOf(code.trim().split('\n').slice(0, -1).join('\n'));
  expect(Object.keys(env).sort()).toEqual(['LOGTO_AUDIENCE', 'LOGTO_ENDPOINT']);
  // A user has a tenant with another name.
  const own = { ...env, LOGTO_ENDPOINT: String(env['LOGTO_ENDPOINT']).replace('your-tenant', 'shop') };
  await onStage(server, { language: 'js', env: own }, async ({ get }) => {
    expect((await get('/products')).status).toBe(401);
  });
}

/** The LOGTO_ variables that this shell code sets. */
async function variablesOf(code: string): Promise<Record<string, string>> {
  const { stdout } = await promisify(execFile)('sh', ['-ec', `${code}\nenv`]);
  const set = stdout.split('\n').filter((line) => line.startsWith('LOGTO_'));
  return Object.fromEntries(set.map((line) => line.split('=', 2)));
}

/** Expects npm scripts that run elsewhere: the demo in `test/e2e/demo.test.ts`, the tests in `.ci/run`. */
function expectScripts(code: string, names: readonly string[]): void {
  expect(code.trim()).toMatch(/^npm ci && npm (run )?\w+$/);
  expect([...code.matchAll(/npm (?:run )?(\w+)$/gm)].map(([, name]) => name)).toEqual(names);
  for (const name of names) expect(manifest.scripts).toHaveProperty(name);
}

/** Runs the server of the README with a local issuer, and provides the credentials of an app. */
async function withShop(
  play: (shop: {
    env: Record<'LOGTO_ENDPOINT' | 'LOGTO_AUDIENCE' | 'LOGTO_APP_ID' | 'LOGTO_APP_SECRET', string>;
    url: string;
  }) => Promise<void>,
): Promise<void> {
  const directory = shopDirectory();
  const logto = await startLocalIssuer({ directory });
  const app = directory.applications.find(({ grants }) => grants[AUDIENCE]?.includes('read:products'));
  if (app === undefined) throw new Error('no app may read products');
  const env = {
    LOGTO_ENDPOINT: logto.endpoint,
    LOGTO_AUDIENCE: AUDIENCE,
    LOGTO_APP_ID: app.id,
    LOGTO_APP_SECRET: app.secret,
  };
  const program = new Program(server, { env });
  try {
    await play({ env, url: await program.url() });
  } finally {
    await program.stop();
    await logto.stop();
  }
}
