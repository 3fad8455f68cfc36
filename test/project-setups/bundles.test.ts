import { beforeAll, describe, it } from 'vitest';
import { sharedLogto } from '../support/logto.js';
import { whileRunning } from './serving.js';
import { LONG, useProject } from './use-project.js';

const logto = await sharedLogto();
const project = useProject('bundles');

/** An ES module bundle needs this for the `require` calls of its CommonJS packages. */
const REQUIRE =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

const esbuild = ['esbuild', 'server.mjs', '--bundle', '--platform=node', '--log-level=warning'];
const bundlers: [name: string, commands: string[][], bundles: string[]][] = [
  [
    'esbuild',
    [
      [...esbuild, '--outfile=dist/esbuild.cjs'],
      [...esbuild, '--format=esm', `--banner:js=${REQUIRE}`, '--outfile=dist/esbuild.mjs'],
    ],
    ['esbuild.cjs', 'esbuild.mjs'],
  ],
  ['webpack', [['webpack']], ['webpack.cjs', 'webpack.mjs']],
  ['rollup', [['rollup', '--config', '--silent']], ['rollup.cjs', 'rollup.mjs']],
  ['ncc', [['ncc', 'build', 'server.mjs', '--out=dist/ncc', '--quiet']], ['ncc/index.mjs']],
];

describe.each(bundlers)('a server bundled by %s', LONG, (_name, commands, bundles) => {
  beforeAll(async () => {
    const made = await project();
    for (const command of commands) await made.run(command);
  }, LONG.timeout);

  it.each(bundles)('protects its route without installed packages, as %s', async (bundle) => {
    await whileRunning(process.execPath, (await project()).alone(`dist/${bundle}`), logto);
  });
});
