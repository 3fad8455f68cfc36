import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sharedLogto } from '../support/logto.js';
import { whileRunning } from './serving.js';
import { LONG, useProject } from './use-project.js';

const logto = await sharedLogto();

/** The packages that the starter of each version installs and these tests use. */
const starters: Record<string, string[]> = {
  '10': ['@types/express@^4.17.17', '@types/jest@29', 'jest@29', 'typescript@~5.1.3', '@types/node@20.3'],
  '11': ['@types/express@5', '@types/jest@30', 'jest@30', 'typescript@~5.7.3', '@types/node@22'],
};

describe.each(Object.keys(starters))('a backend created by NestJS %s', LONG, (version) => {
  const nest = ['common', 'core', 'platform-express', 'testing'].map((name) => `@nestjs/${name}@${version}`);
  const others = ['reflect-metadata@0.2', 'rxjs@7', 'ts-jest@29', 'supertest@7', '@types/supertest@6'];
  const tsconfig = version === '11' ? 'tsconfig.11.json' : undefined;
  const project = useProject('nest', [...nest, ...others, ...(starters[version] ?? [])], (folder) => {
    if (tsconfig !== undefined) renameSync(join(folder, tsconfig), join(folder, 'tsconfig.json'));
  });

  it('passes its unit tests', async () => {
    const said = await (await project()).run(['jest']);
    expect(said).toMatch(/^Tests: +1 passed, 1 total$/m);
  });

  it('passes its end-to-end tests', async () => {
    const said = await (await project()).run(['jest', '--config=test/jest-e2e.json']);
    expect(said).toMatch(/^Tests: +3 passed, 3 total$/m);
  });

  it('protects its route after compilation', async () => {
    const { folder } = await project();
    await whileRunning(process.execPath, join(folder, 'dist/main.js'), logto);
  });
});
