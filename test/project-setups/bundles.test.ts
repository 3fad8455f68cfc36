import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { AUDIENCE, sharedLogto } from '../support/logto.js';
import { expectProtected } from './expect-protected.js';
import { Running } from './project.js';
import { LONG, useProject } from './use-project.js';

const logto = await sharedLogto();

/** What a bundle in the form of an ES module needs for the `require` of the CommonJS packages in it. */
const REQUIRE =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

const esbuild = ['esbuild', 'server.mjs', '--bundle', '--platform=node', '--log-level=warning'];
const bundlers: [name: string, commands: string[][]][] = [
  [
    'esbuild',
    [
      [...esbuild, '--outfile=dist/esbuild.cjs'],
      [...esbuild, '--format=esm', `--banner:js=${REQUIRE}`, '--outfile=dist/esbuild.mjs'],
    ],
  ],
  ['webpack', [['webpack']]],
  ['rollup', [['rollup', '--config', '--silent']]],
];

const project = useProject('bundles');

describe.each(bundlers)('a server that %s puts in one file', LONG, (name, commands) => {
  beforeAll(async () => {
    const made = await project();
    for (const command of commands) await made.run(command);
  }, LONG.timeout);

  it.each(['cjs', 'mjs'])('protects its route with no package beside it, as .%s', async (extension) => {
    const made = await project();
    const folder = mkdtempSync(join(tmpdir(), 'alone-'));
    try {
      const file = join(folder, `server.${extension}`);
      copyFileSync(join(made.folder, 'dist', `${name}.${extension}`), file);
      const env = { LOGTO_ENDPOINT: logto.endpoint, LOGTO_AUDIENCE: AUDIENCE };
      const server = await Running.start(process.execPath, file, env);
      await expectProtected(server, logto).finally(() => server.stop());
      expect(server.complaints).toBe('');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
