import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect } from 'vitest';
import { nodeOf } from '../../project-setups/node-versions.js';
import { install, ownEnvironment } from '../../project-setups/npm.js';
import { pack } from '../../project-setups/packed.js';
import { compile } from '../../support/compile.js';
import { blocksOf } from '../../support/markdown.js';
import { edit } from '../recipe.js';
import { expectProtected, onStage, type Scenarios } from '../scenario.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const oldest = /\d+\.\d+\.\d+/.exec(engines.node)?.[0] as string;

const block = (page: string, wanted: string): string =>
  blocksOf(page).find(({ name }) => name === wanted)?.code ?? '';

/** The app and the suite of the page, which other blocks use. */
const app = block('docs/testing.md', 'testing-app');
const suite = block('docs/testing.md', 'testing-suite');
const setupTest = block('docs/testing.md', 'setup-test');

/** The names and line counts of the cases in a suite. */
const casesIn = (code: string) =>
  [...code.matchAll(/^test\((['"])([^\n]*)\1, async \(\) => \{\n(.*?)^\}\);$/gms)].map(
    ([, , name = '', body = '']) => ({ name, lines: body.trimEnd().split('\n').length }),
  );

const suiteCases = casesIn(suite);
const furtherCases = casesIn(block('docs/testing.md', 'testing-cases'));
export const cases = [...suiteCases, ...furtherCases];

/** Adapts a test file to another runner by replacing its first line. */
const under = (firstLine: string, file = suite): string => edit(file, /^.*\n/, firstLine);

/** The results of the cases, as the runner reports them. */
interface Outcome {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
}

const passing = (all: typeof cases): Outcome => ({ passed: all.map(({ name }) => name).sort(), failed: [] });
const allPassed = passing(suiteCases);

/** An app that creates its guards when it is imported. */
export const importedApp = `
  import express from 'express';
  import { requireScopes } from 'express-logto-m2m';
  export const app = express();
  app.get('/products', requireScopes('read:products'), (_req, res) => void res.json([]));`;

const setupPassed: Outcome = {
  passed: [...setupTest.matchAll(/^test\('(.*)', async/gm)].map(([, name = '']) => name).sort(),
  failed: [],
};

export const testing: Scenarios = {
  'setup-vitest': async (code) => {
    const files = {
      'app.js': importedApp,
      'app.test.js': under("import { test } from 'vitest';\n", setupTest),
    };
    expect(await runVitest({ ...files, 'vitest.config.js': code })).toEqual(setupPassed);
  },

  'setup-jest': async (code) => {
    const files = {
      'app.js': toCommonJs(importedApp),
      'app.test.js': toCommonJs(under('', setupTest)),
      'jest.config.json': code,
    };
    for (const version of [oldest, '24']) {
      const { outcome, said } = await runJest(await nodeOf(version), files);
      expect({ version, ...outcome }).toEqual({ version, ...setupPassed });
      expect(said).not.toMatch(/open handle|did not exit/i);
    }
  },

  'setup-node': async (code) => {
    const files = { 'app.js': importedApp, 'app.test.js': setupTest, 'package.json': '{"type":"module"}' };
    const folder = await projectFolder(files);
    const command = edit(code.trim(), '--test', '--test --test-reporter=tap');
    expect(tapOutcome((await run('sh', ['-ec', command], folder)).said)).toEqual(setupPassed);
  },

  'setup-mocha': async (code) => {
    const files = {
      'app.js': importedApp,
      'app.test.js': under("import { it as test } from 'mocha';\n", setupTest),
      'package.json': '{"type":"module"}',
    };
    const command = edit(code.trim(), 'npx mocha', 'npx mocha --reporter=tap');
    expect(tapOutcome((await run('sh', ['-ec', command], await projectFolder(files))).said)).toEqual(
      setupPassed,
    );
  },

  'setup-test': async (code) => {
    // With an app without a guard, all tests that expect a refusal must fail.
    const open = edit(importedApp, /requireScopes\('.*?\), /, '');
    const files = { 'app.js': open, 'app.test.js': code, 'package.json': '{"type":"module"}' };
    const command = 'node --import=express-logto-m2m/testing/setup --test --test-reporter=tap';
    const { said } = await run('sh', ['-ec', command], await projectFolder(files));
    expect(tapOutcome(said)).toEqual({
      passed: ['returns the products to an app with the permission'],
      failed: ['refuses a request without a token', 'refuses an app without the permission'],
    });
  },

  'testing-app': (code) =>
    onStage(
      `${code}\ncreateApp({ endpoint: process.env.LOGTO_ENDPOINT!, audience: process.env.LOGTO_AUDIENCE! }).listen(3100);`,
      { language: 'ts' },
      (stage) => expectProtected(stage, '/products'),
    ),

  'testing-suite': async (code) => {
    // The app and the suite are type-checked as one module, since app.ts does not exist in this folder.
    compile(`${app}\n${edit(code, /^import \{ createApp \}.*\n/m, '')}`);
    const files = { 'app.test.js': toModule(code) };
    expect(await runNode({ ...files, 'app.js': toModule(app) })).toEqual(allPassed);
    // With an app without a guard, all tests that expect a refusal must fail.
    const open = edit(app, /requireScopes\('.*?\), /g, '');
    const { failed } = await runNode({ ...files, 'app.js': toModule(open) });
    expect(failed).toEqual([
      'refuses a request without a token',
      'refuses a token for another API',
      'refuses a token that has expired',
      "refuses a user's token",
      'refuses an app without the permission',
      'returns 503 if Logto was down from the start',
      "returns an organization's orders only within that organization",
    ]);
  },

  'testing-cases': async (code) => {
    compile(`${app}\n${edit(code, /^import \{ createApp \}.*\n/m, '')}`);
    const files = { 'app.test.js': toModule(code) };
    expect(await runNode({ ...files, 'app.js': toModule(app) })).toEqual(passing(furtherCases));
    const open = edit(app, /requireScopes\('.*?\), /g, '');
    const { failed } = await runNode({ ...files, 'app.js': toModule(open) });
    expect(failed).toEqual([
      'refuses a forged token',
      'refuses a token of a foreign key',
      'returns 503 if the keys were invalid from the start',
    ]);
  },

  'testing-vitest': async (code) => {
    expect(await runVitest({ 'app.ts': app, 'app.test.ts': under(code) })).toEqual(allPassed);
  },

  'testing-jest': async (code) => {
    const { outcome, said } = await runJest(process.execPath, {
      'app.js': toCommonJs(app),
      'app.test.js': code,
    });
    expect(outcome).toEqual({ passed: ['returns the products to an app with the permission'], failed: [] });
    expect(said).not.toMatch(/open handle|did not exit/i);
  },

  'testing-suite-run': async (code) => {
    const folder = await projectFolder({
      'app.ts': app,
      'app.test.ts': suite,
      'package.json': '{"type":"module"}',
    });
    const { said } = await run('sh', ['-ec', code.trim()], folder, { NODE_OPTIONS: '--test-reporter=tap' });
    expect(tapOutcome(said)).toEqual(allPassed);
  },

  'testing-nestjs': async () => {
    const setup = JSON.parse(block('docs/testing.md', 'setup-jest'));
    const files = { ...nest.files, ...manifest({ ...nest.jest, ...setup }) };
    for (const version of [oldest, '24']) {
      expect((await runJest(await nodeOf(version), files)).outcome).toEqual(nest.passed);
    }
  },
};

const manifest = (jest: object) => ({ 'package.json': JSON.stringify({ private: true, jest }) });

const transpile = (code: string, compilerOptions: ts.CompilerOptions): string =>
  ts.transpileModule(code, { compilerOptions: { target: ts.ScriptTarget.ES2023, ...compilerOptions } })
    .outputText;

const toModule = (code: string): string => transpile(code, { module: ts.ModuleKind.ESNext });
const toCommonJs = (code: string): string =>
  transpile(code, { module: ts.ModuleKind.CommonJS, esModuleInterop: true });

/** The NestJS test of the page, in a project like one that NestJS 11 generates. */
const nest = {
  files: {
    'app.module.ts': block('docs/recipes/nestjs.md', 'nestjs-middleware')
      .replace(/^async function main.*/ms, '')
      .replace('class AppModule', 'export class AppModule'),
    'app.spec.ts': block('docs/testing.md', 'testing-nestjs'),
    'tsconfig.json': JSON.stringify({
      compilerOptions: {
        module: 'nodenext',
        moduleResolution: 'nodenext',
        target: 'ES2023',
        esModuleInterop: true,
        isolatedModules: true,
        emitDecoratorMetadata: true,
        experimentalDecorators: true,
        strictNullChecks: true,
        skipLibCheck: true,
      },
    }),
  },
  jest: {
    moduleFileExtensions: ['js', 'json', 'ts'],
    testRegex: '.*\\.spec\\.ts$',
    transform: { '^.+\\.(t|j)s$': 'ts-jest' },
    testEnvironment: 'node',
  },
  passed: {
    passed: ['refuses an app without the permission', 'returns the products to an app with the permission'],
    failed: [],
  },
};

/** Runs the files with `node --test`. */
async function runNode(files: Record<string, string>): Promise<Outcome> {
  return inFolder(files, async (folder) => {
    const { said } = await run(process.execPath, ['--test', '--test-reporter=tap'], folder);
    return tapOutcome(said);
  });
}

export function tapOutcome(said: string): Outcome {
  const named = (mark: string) =>
    [...said.matchAll(new RegExp(`^ *${mark} \\d+ (?:- )?(.*)$`, 'gm'))].map(([, name = '']) => name).sort();
  return { passed: named('ok'), failed: named('not ok') };
}

/** Runs the files with a separate vitest process. */
async function runVitest(files: Record<string, string>): Promise<Outcome> {
  return inFolder(
    {
      'vitest.config.js': "import { defineConfig } from 'vitest/config';\nexport default defineConfig({});\n",
      ...files,
    },
    async (folder) => {
      const vitest = join(root, 'node_modules/vitest/vitest.mjs');
      const { said } = await run(
        process.execPath,
        [vitest, 'run', '--reporter=json', '--outputFile=outcome.json'],
        folder,
      );
      return outcomeIn(folder, said);
    },
  );
}

/** Runs the files with jest, in the project where it is installed. */
async function runJest(
  node: string,
  files: Record<string, string>,
): Promise<{ outcome: Outcome; said: string }> {
  const folder = await projectFolder({ 'package.json': '{}', ...files });
  const options = '--rootDir . --detectOpenHandles --json --outputFile=outcome.json';
  const { said } = await run('sh', ['-ec', `npx jest ${options}`], folder, {
    PATH: `${dirname(node)}${delimiter}${ownEnvironment()['PATH']}`,
  });
  return { outcome: outcomeIn(folder, said), said };
}

/** Creates a folder with these files inside the project with jest and tsx. */
async function projectFolder(files: Record<string, string>): Promise<string> {
  const folder = mkdtempSync(join(await jestProject(), 'run-'));
  write(folder, files);
  return folder;
}

let project: Promise<string> | undefined;

/** Returns a folder in which jest, NestJS and the packed package are installed. */
function jestProject(): Promise<string> {
  project ??= installJest();
  return project;
}

async function installJest(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'testing-jest-'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true }));
  const modules = ['common', 'core', 'platform-express', 'testing'].map((name) => `@nestjs/${name}@11`);
  const forNest = ['reflect-metadata@0.2', 'rxjs@7', 'ts-jest@29', 'typescript@5', '@types/jest@30'];
  const others = [
    'express@5',
    '@types/express@5',
    'jest@30',
    'supertest@7',
    '@types/supertest@7',
    'tsx@4',
    'mocha@11',
  ];
  await install(folder, [await pack(folder), ...modules, ...forNest, ...others]);
  return folder;
}

/** Installs everything that these scenarios need. */
export async function prepare(): Promise<void> {
  await Promise.all([jestProject(), nodeOf(oldest), nodeOf('24')]);
}

export async function cleanUp(): Promise<void> {
  const folder = await project?.catch(() => undefined);
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}

/** Creates a temporary project outside this repository, with the packages that are installed here. */
export async function inFolder<T>(
  files: Record<string, string>,
  what: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'testing-'));
  try {
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
    write(folder, { 'package.json': '{"type":"module"}', ...files });
    return await what(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function write(folder: string, files: Record<string, string>): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}

/** Runs a program as in the shell of a user, and returns its output even if it fails. */
export function run(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<{ said: string }> {
  const options = { cwd, env: { ...ownEnvironment(), ...env }, timeout: 50_000 };
  return new Promise((resolve) => {
    execFile(command, args, options, (_error, out, complaints) => resolve({ said: out + complaints }));
  });
}

/** The report format of jest, which vitest uses too. */
interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly title: string; readonly status: string }[];
  }[];
}

function outcomeIn(folder: string, said: string): Outcome {
  let report: Report;
  try {
    report = JSON.parse(readFileSync(join(folder, 'outcome.json'), 'utf8'));
  } catch {
    throw new Error(`It did not come to an end:\n${said}`);
  }
  const all = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  const named = (good: boolean) =>
    all
      .filter(({ status }) => (status === 'passed') === good)
      .map(({ title }) => title)
      .sort();
  return { passed: named(true), failed: named(false) };
}
