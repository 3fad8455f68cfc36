import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { sharedLogto } from '../support/logto.js';
import { nodeOf } from './node-versions.js';
import { install, npm, ownEnvironment } from './npm.js';
import { whileRunning } from './serving.js';
import { LONG, tarball } from './use-project.js';

const logto = await sharedLogto();
const folder = mkdtempSync(join(tmpdir(), 'yarn-pnp-'));
const app = join(folder, 'app');

beforeAll(async () => {
  cpSync(fileURLToPath(new URL('yarn-pnp', import.meta.url)), app, { recursive: true });
  await install(folder, ['@yarnpkg/cli-dist@4']);
  // An empty yarn.lock makes the folder a separate project.
  writeFileSync(join(app, 'yarn.lock'), '');
  const registry = (await npm(folder, ['config', 'get', 'registry'])).trim();
  const env = {
    ...ownEnvironment(),
    YARN_NPM_REGISTRY_SERVER: registry,
    YARN_ENABLE_TELEMETRY: '0',
    YARN_ENABLE_GLOBAL_CACHE: '0',
    YARN_ENABLE_IMMUTABLE_INSTALLS: '0',
    ...(registry.startsWith('http:') && { YARN_UNSAFE_HTTP_WHITELIST: '*' }),
    ...(process.env['NODE_EXTRA_CA_CERTS'] && {
      YARN_HTTPS_CA_FILE_PATH: process.env['NODE_EXTRA_CA_CERTS'],
    }),
  };
  const yarn = join(folder, 'node_modules/@yarnpkg/cli-dist/bin/yarn.js');
  const packages = [`express-logto-m2m@file:${await tarball()}`, 'express@5'];
  execFileSync(process.execPath, [yarn, 'add', ...packages], { cwd: app, env, timeout: 240_000 });
}, LONG.timeout);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a CommonJS backend with Yarn Plug and Play', LONG, () => {
  it.each(['20.19.0', '24'])('protects its route on Node %s', async (version) => {
    const options = { cwd: app, execArgv: ['--require=./.pnp.cjs'] };
    await whileRunning(await nodeOf(version), 'server.js', logto, options);
  });
});
