import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readingToken, sharedLogto } from '../support/logto.js';
import { nodeOf } from './node-versions.js';
import { npm, ownEnvironment } from './npm.js';
import { root } from './packed.js';
import type { Running } from './project.js';
import { expectProtected, whileRunning } from './serving.js';
import { LONG, useProject } from './use-project.js';

const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const oldest = /\d+\.\d+\.\d+/.exec(engines.node)?.[0] as string;

/** Each project runs on the oldest Node in package.json, on later major versions, and on the current one. */
const nodes: readonly (readonly [version: string, binary: () => Promise<string>])[] = [
  [process.versions.node, async () => process.execPath],
  ...[oldest, '22', '24'].map((version) => [version, () => nodeOf(version)] as const),
];

interface Setup {
  /** Its folder. */
  readonly template: string;
  readonly main: string;
  readonly isTyped?: boolean;
  /** Whether `main` runs without installed packages. */
  readonly isBundle?: boolean;
  /** Versions of Express, full or as prefixes. */
  readonly express?: readonly string[];
}

/** The set-ups, each with its own Express. */
const setups = Object.entries<Setup>({
  'JavaScript, ES modules': { template: 'javascript-esm', main: 'server.js' },
  'JavaScript, CommonJS': {
    template: 'javascript-commonjs',
    main: 'server.js',
    // These include the oldest versions that package.json allows.
    express: ['5.0.0', '4.16.4', '4.16.0'],
  },
  'TypeScript 7, nodenext, ES modules': {
    template: 'typescript-esm',
    main: 'dist/server.js',
    isTyped: true,
  },
  'TypeScript 5.9, nodenext, CommonJS': {
    template: 'typescript-commonjs',
    main: 'dist/server.js',
    isTyped: true,
  },
  'TypeScript 6, bundled by esbuild': {
    template: 'typescript-bundler',
    main: 'dist/server.cjs',
    isTyped: true,
    isBundle: true,
  },
}).flatMap(([name, { express = ['5', '4'], ...setup }]) =>
  express.map((version) => [`${name}, Express ${version}`, { version, ...setup }] as const),
);

const logto = await sharedLogto();
const strictLibraries = ['exec', '--', 'tsc', '--noEmit', '--skipLibCheck', 'false', '--pretty', 'false'];

it.each(nodes)('Node %s is available', LONG, async (version, binary) => {
  const said = execFileSync(await binary(), ['--version'], { env: ownEnvironment(), encoding: 'utf8' });
  expect(said.startsWith(`v${version}`)).toBe(true);
});

describe.concurrent('the packed package', LONG, () => {
  describe.each(setups)('in a project of %s', (_name, setup) => {
    const { template, main, version, isTyped = false, isBundle = false } = setup;
    const major = version.charAt(0);
    const types = isTyped ? [`@types/express@${major}`] : [];
    const project = useProject(template, [`express@${version}`, ...types]);

    it('is installed and built with that Express', async () => {
      const made = await project();
      expect(made.versionOf('express-logto-m2m')).toBeDefined();
      expect(`${made.versionOf('express')}.`.startsWith(`${version}.`)).toBe(true);
      expect(made.versionOf('@types/express')?.charAt(0)).toBe(isTyped ? major : undefined);
    });

    it.each(nodes)('protects a route on Node %s', async (_version, binary) => {
      const made = await project();
      const file = isBundle ? made.alone(main) : join(made.folder, main);
      await whileRunning(await binary(), file, logto);
    });
  });

  describe('in an Express 4 app with express-async-errors', () => {
    const project = useProject('express-async-errors', []);

    it.each(nodes)(
      'protects routes, and passes failures to the error handler of the app, on Node %s',
      async (_v, binary) => {
        const made = await project();
        expect(made.versionOf('express')).toMatch(/^4\./);
        const what = async (server: Running) => {
          const tokenOf = (clientId: string) => readingToken(logto, { clientId });

          await expectProtected(server, logto);
          expect(await server.get('/entered')).toMatchObject({ body: ['/products'] });
          expect(await server.get('/products', await tokenOf('revoked'))).toMatchObject({ status: 401 });
          expect(await server.get('/products', await tokenOf('unknown'))).toMatchObject({
            status: 500,
            body: { problem: 'the list of revoked apps cannot be read' },
          });
          expect(await server.get('/broken')).toMatchObject({ status: 401 });
          expect(await server.get('/entered')).toMatchObject({ body: ['/products'] });

          expect(await server.get('/broken', await readingToken(logto))).toMatchObject({
            status: 500,
            body: { problem: 'the products cannot be read' },
          });
          expect(await server.get('/entered')).toMatchObject({ body: ['/products', '/broken'] });
        };
        await whileRunning(await binary(), join(made.folder, 'server.js'), logto, { what });
      },
    );
  });

  describe('in a project of TypeScript 4.9 without Express', () => {
    const project = useProject('verify-only', ['typescript@4.9', '@types/node@20.8']);

    it('passes the type check, with its libraries, and verifies tokens', async () => {
      const made = await project();
      expect(made.versionOf('typescript')).toMatch(/^4\.9\./);
      expect(made.versionOf('@types/express')).toBeUndefined();
      await npm(made.folder, strictLibraries);
      await whileRunning(process.execPath, join(made.folder, 'dist/server.js'), logto);
    });
  });

  describe('in a project without Express', () => {
    const project = useProject('verify-only', []);

    it.each(nodes)('verifies tokens on Node %s', async (_version, binary) => {
      const made = await project();
      expect(made.versionOf('express')).toBeUndefined();
      expect(made.versionOf('@types/express')).toBeUndefined();
      await whileRunning(await binary(), join(made.folder, 'dist/server.js'), logto);
    });

    it('passes the type check, with its libraries', async () => {
      await npm((await project()).folder, strictLibraries);
    });
  });

  describe('in a project with only the types of Express', () => {
    const project = useProject('verify-only', ['@types/express@5']);

    it('passes the type check, with its libraries, and verifies tokens', async () => {
      const made = await project();
      expect(made.versionOf('express')).toBeUndefined();
      await npm(made.folder, ['exec', '--', 'tsc', '--skipLibCheck', 'false']);
      await whileRunning(process.execPath, join(made.folder, 'dist/server.js'), logto);
    });
  });
});
