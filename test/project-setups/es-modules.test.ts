import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sharedLogto } from '../support/logto.js';
import { nodeOf } from './node-versions.js';
import { install } from './npm.js';
import { whileRunning } from './serving.js';
import { LONG, useProject } from './use-project.js';

const logto = await sharedLogto();

describe.each(['3', '4'])('a backend of ES modules with vitest %s', LONG, (version) => {
  const project = useProject('es-modules', [`vitest@${version}`]);

  it.each(['node', 'jsdom'])('tests its protected route in the environment %s', async (environment) => {
    const said = await (await project()).run(['vitest', 'run', `--environment=${environment}`]);
    expect(said).toMatch(/^ +Tests +4 passed \(4\)$/m);
  });

  // The `fetch` of happy-dom has the same-origin policy of a browser, so server tests do not run there.
  it('issues tokens in the environment happy-dom', async () => {
    const said = await (await project()).run(['vitest', 'run', '--environment=happy-dom', 'token.test.js']);
    expect(said).toMatch(/^ +Tests +1 passed \(1\)$/m);
  });
});

describe('a backend of ES modules', LONG, () => {
  const project = useProject('es-modules');

  it('tests its protected route with jest', async () => {
    const said = await (await project()).run([
      'node',
      '--experimental-vm-modules',
      'node_modules/jest/bin/jest.js',
    ]);
    expect(said).toMatch(/^Tests: +3 passed, 3 total$/m);
  });

  it('serves its protected route under tsx', async () => {
    const { folder } = await project();
    const options = { cwd: folder, execArgv: ['--import=tsx'] };
    await whileRunning(process.execPath, 'server.ts', logto, options);
  });

  // These packages fetch the program for the platform in an install script.
  it.each(['bun', 'deno'])('serves its protected route under %s', async (runtime) => {
    const { folder } = await project();
    await install(folder, [runtime], { scripts: true });
    const program = join(folder, 'node_modules/.bin', runtime);
    expect(existsSync(program)).toBe(true);
    const execArgv = runtime === 'deno' ? ['run', '--allow-all'] : [];
    await whileRunning(program, 'server.ts', logto, { cwd: folder, execArgv });
  });

  it.each(['20.19.0', '22.12.0', '24'])(
    'loads one copy of the package by import and require on Node %s',
    async (version) => {
      const made = await project();
      const node = await nodeOf(version);
      for (const order of ['import-first', 'require-first']) {
        expect(await made.run(['node', 'one-copy.cjs', order], { node })).toMatch(/^1[0-9] true$/m);
      }
    },
  );

  it('loads one copy of the package by static and dynamic import under tsx', async () => {
    expect(await (await project()).run(['tsx', 'one-copy.ts'])).toBe('true true\n');
  });
});
