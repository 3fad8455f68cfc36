import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { startTestLogto } from '../../../src/testing/index.js';
import { install, ownEnvironment } from '../../project-setups/npm.js';
import { pack } from '../../project-setups/packed.js';
import { APP, AUDIENCE, forgedToken, readingToken } from '../../support/logto.js';
import { blocksOf } from '../../support/markdown.js';
import type { Scenarios } from '../scenario.js';

const blocks = blocksOf('docs/recipes/tsoa.md');
const block = (wanted: string): string => blocks.find(({ name }) => name === wanted)?.code ?? '';

/** A project as in the guide of tsoa, with the two files of the page. It sends itself requests and exits. */
const FILES = {
  'package.json': JSON.stringify({ private: true, type: 'module' }),
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      module: 'nodenext',
      target: 'ES2022',
      strict: true,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      skipLibCheck: true,
      outDir: 'built',
    },
  }),
  'tsoa.json': JSON.stringify({
    entryFile: 'src/app.ts',
    controllerPathGlobs: ['src/*Controller.ts'],
    spec: { outputDirectory: 'built', specVersion: 3 },
    routes: { routesDir: 'src', esm: true, authenticationModule: './src/authentication.ts' },
  }),
  'src/authentication.ts': block('tsoa-authentication'),
  'src/failed.ts': block('tsoa-errors'),
  'src/ProductsController.ts': block('tsoa-controller'),
  'src/app.ts': `
    import express from 'express';
    import { failed } from './failed.js';
    import { RegisterRoutes } from './routes.js';
    const app = express();
    RegisterRoutes(app);
    app.use(failed);
    const server = app.listen(0, async () => {
      const { port } = server.address() as { port: number };
      const answers = [];
      for (const authorization of JSON.parse(process.env['SENT'] ?? '[]')) {
        const answer = await fetch(\`http://127.0.0.1:\${port}/products\`, { headers: authorization ? { authorization } : {} });
        answers.push([answer.status, answer.headers.get('www-authenticate'), await answer.json()]);
      }
      console.log(JSON.stringify(answers));
      server.close();
      process.exit();
    });`,
};

/** Builds and runs a project from both blocks of the page. */
async function expectProject(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tsoa-'));
  const logto = await startTestLogto({ audience: AUDIENCE });
  try {
    for (const [name, text] of Object.entries(FILES)) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const packages = ['tsoa@6', 'express@5', '@types/express@5', '@types/node@20', 'typescript@5'];
    await install(folder, [await pack(folder), ...packages]);
    const sent = [
      '',
      `Bearer ${await readingToken(logto)}`,
      `Bearer ${await readingToken(logto, { scopes: 'other' })}`,
      `Bearer ${await forgedToken(logto)}`,
    ];
    const env = {
      ...ownEnvironment(),
      SENT: JSON.stringify(sent),
      LOGTO_ENDPOINT: logto.endpoint,
      LOGTO_AUDIENCE: logto.audience,
    };
    const commands = 'npx tsoa spec-and-routes >&2 && npx tsc >&2 && node built/app.js';
    const { stdout } = await promisify(execFile)('sh', ['-ec', commands], {
      cwd: folder,
      env,
      timeout: 120_000,
    });
    const refused = (error: string) => [
      expect.stringContaining('Bearer realm="api"'),
      expect.objectContaining({ error }),
    ];
    expect(JSON.parse(stdout)).toEqual([
      [401, ...refused('unauthorized')],
      [200, null, { caller: APP }],
      [403, ...refused('insufficient_scope')],
      [401, ...refused('invalid_token')],
    ]);
  } finally {
    await logto.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

let project: Promise<void> | undefined;

/** Builds and runs the project. Installing its packages from the registry can be slow. */
export function prepareTsoa(): Promise<void> {
  project ??= expectProject();
  // The scenarios below report a failure.
  return project.catch(() => {});
}

const ran = async () => {
  await prepareTsoa();
  await project;
};

export const tsoa: Scenarios = {
  'tsoa-authentication': ran,
  'tsoa-controller': ran,
  'tsoa-errors': ran,
};
