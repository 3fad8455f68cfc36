import { describe, expect, it } from 'vitest';
import { sharedLogto } from '../support/logto.js';
import { whileRunning } from './serving.js';
import { LONG, useProject } from './use-project.js';

const logto = await sharedLogto();

describe('a backend in TypeScript, compiled to CommonJS', LONG, () => {
  const project = useProject('typescript');

  it.each([
    ['the preset ts-jest', 'ts-jest'],
    ['@swc/jest', 'swc'],
    ['babel-jest', 'babel'],
  ])('tests its protected route with %s', async (_name, config) => {
    const said = await (await project()).run(['jest', `--config=jest.${config}.config.js`]);
    expect(said).toMatch(/^Tests: +3 passed, 3 total$/m);
  });

  it('serves its protected route under ts-node', async () => {
    const { folder } = await project();
    const options = { cwd: folder, execArgv: ['--require=ts-node/register'] };
    await whileRunning(process.execPath, 'src/server.ts', logto, options);
  });
});

interface Versions {
  readonly packages: readonly string[];
  readonly versions: readonly string[];
}

/** Declarations of Node and Express for old compilers; newer declarations need a newer TypeScript. */
const old: Versions = {
  versions: ['4.9', '5.2'],
  packages: [
    ...['@types/node@20.8', '@types/express@4.17.18', '@types/express-serve-static-core@4.17.37'],
    ...['@types/qs@6.9.8', '@types/node-fetch@2.6.6', 'express@4', 'node-fetch@2', 'undici@5'],
  ],
};
const current: Versions = {
  versions: ['5.9', '6', '7'],
  packages: [
    ...['@types/node@20', '@types/express@5', '@types/node-fetch@2'],
    ...['express@5', 'node-fetch@2', 'undici@6'],
  ],
};

const STRICT = [
  ...['--strict', '--skipLibCheck', 'false', '--exactOptionalPropertyTypes', '--isolatedModules'],
  ...['--esModuleInterop', '--target', 'es2021', '--lib', 'es2021', '--types', 'node'],
  ...['--rootDir', 'src'],
];

describe.each([
  ['of 2023', old],
  ['of today', current],
])('declarations in a CommonJS project with libraries %s', LONG, (_when, { versions, packages }) => {
  const compilers = versions.map((version) => `typescript-${version}@npm:typescript@${version}`);
  const project = useProject('typescript-versions', [...compilers, ...packages]);

  describe.each(versions)('and TypeScript %s', (version) => {
    it.each(modulesOf(version))('compile and run, with module %s', async (module, resolution) => {
      const made = await project();
      const compiler = `node_modules/typescript-${version}/bin/tsc`;
      const outDir = `dist-${version}-${module}`;
      const options = [
        '--module',
        module,
        '--moduleResolution',
        ...resolution,
        ...STRICT,
        '--outDir',
        outDir,
      ];
      expect(await made.run(['node', compiler, ...options, 'src/index.ts'])).toBe('');
      expect(await made.run(['node', `${outDir}/index.js`])).toBe(
        'true not_jwt\ntest-app Bearer t.o.k\ntest-app Bearer t.o.k\n',
      );
    });
  });
});

/** TypeScript 6 deprecates the resolution of Node 10, and TypeScript 7 no longer has it. */
function modulesOf(version: string): [module: string, resolution: string[]][] {
  const exact: [string, string[]][] = ['node16', 'nodenext'].map((name) => [name, [name]]);
  if (version === '7') return [['commonjs', ['bundler']], ...exact];
  const node10 = version === '6' ? ['node10', '--ignoreDeprecations', '6.0'] : ['node'];
  return [['commonjs', node10], ...exact];
}
