import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import * as client from '../src/client/index.js';
import * as source from '../src/index.js';
import * as testing from '../src/testing/index.js';
import { AUDIENCE, ownLogto } from './support/logto.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));

describe('the package', () => {
  it('has three run-time dependencies, and Express as an optional peer dependency', () => {
    expect(Object.keys(manifest.dependencies).sort()).toEqual(['jose', 'lru-cache', 'oauth4webapi']);
    const range = '^4.16.0 || ^5.0.0';
    expect(manifest.peerDependencies).toEqual({ express: range, '@types/express': range });
    const optional = { optional: true };
    expect(manifest.peerDependenciesMeta).toEqual({ express: optional, '@types/express': optional });
  });

  it.each([
    ['express-logto-m2m', source],
    ['express-logto-m2m/client', client],
    ['express-logto-m2m/testing', testing],
  ])('can be imported and required as %s, with the exports of the source', async (name, names) => {
    const fromExample = createRequire(`${root}/example-server/package.json`);
    const required = fromExample(name);
    expect(Object.keys(required).sort()).toEqual(Object.keys(names).sort());
    const script = `import('${name}').then((names) => console.log(Object.keys(names).sort().join()))`;
    const imported = execFileSync(process.execPath, ['-e', script], {
      cwd: `${root}/example-server`,
      encoding: 'utf8',
    });
    expect(imported.trim()).toBe(Object.keys(names).sort().join());
  });

  it('has its command also under the name of the package, so that npx finds it', () => {
    expect(manifest.bin).toEqual({
      'logto-m2m': 'dist/cli/bin.js',
      'express-logto-m2m': 'dist/cli/bin.js',
    });
    expect(readFileSync(`${root}/dist/cli/bin.js`, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it('has the exports that users rely on', () => {
    expect(Object.keys(source).sort()).toEqual([
      'AuthError',
      'authenticate',
      'createLogtoAuth',
      'defaultAuth',
      'defineSetup',
      'getAuth',
      'requireAnyScope',
      'requireOrganizationScopes',
      'requireScopes',
    ]);
    expect(Object.keys(client).sort()).toEqual([
      'M2MClientError',
      'createM2MClient',
      'managementApiResource',
    ]);
    expect(Object.keys(testing).sort()).toEqual(['startTestLogto', 'testLogto']);
    const auth = source.createLogtoAuth({ endpoint: 'https://tenant.logto.app' });
    expect(Object.keys(auth).sort()).toEqual([
      'authenticate',
      'health',
      'ready',
      'requireAnyScope',
      'requireOrganizationScopes',
      'requireScopes',
      'resourceMetadata',
      'verify',
    ]);
  });

  it.each([
    ['has its keys', true],
    ['has no keys', false],
  ])('does nothing when it is imported, and does not keep a process alive that %s', async (_what, isUp) => {
    const logto = await ownLogto();
    if (!isUp) await logto.stop();
    const script = `
      import { createLogtoAuth } from 'express-logto-m2m';
      const auth = createLogtoAuth({ endpoint: '${logto.endpoint}', audience: '${AUDIENCE}' });
      auth.requireScopes('read:products');
      console.log(await auth.ready().then(() => 'ready', (error) => error.reason));
    `;
    const began = performance.now();
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      cwd: `${root}/example-server`,
      timeout: 20_000,
    });
    expect(stdout.trim()).toBe(isUp ? 'ready' : 'keys_unavailable');
    // Long before the next refresh is due, and before the server closes an idle connection.
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});
