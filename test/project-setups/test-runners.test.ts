import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeOf } from './node-versions.js';
import { ownEnvironment } from './npm.js';
import { pack } from './packed.js';
import { Project } from './project.js';

const LONG = { timeout: 300_000 };
const SETUP = 'express-logto-m2m/testing/setup';

let temporary: string;
let project: Project;

beforeAll(async () => {
  temporary = mkdtempSync(join(tmpdir(), 'test-runners-'));
  project = await Project.create('test-runners', [await pack(temporary)]);
}, LONG.timeout);
afterAll(() => {
  project?.remove();
  rmSync(temporary, { recursive: true, force: true });
});

/** Each runs two test files, with one line for our sake: the set-up module. */
const runners: [name: string, command: string[]][] = [
  ['jest, in workers', ['jest', '--maxWorkers=2']],
  ['jest, in one process', ['jest', '--runInBand']],
  ['vitest, in processes', ['vitest', 'run', '--config=vitest.forks.config.mjs']],
  ['vitest, in threads', ['vitest', 'run', '--config=vitest.threads.config.mjs']],
  ['vitest, by setupFiles', ['vitest', 'run', '--config=vitest.each.config.mjs']],
  ['mocha', ['mocha', `--import=${SETUP}`, 'mocha/*.js']],
  ['mocha, in workers', ['mocha', '--parallel', `--import=${SETUP}`, 'mocha/*.js']],
  ['node:test', ['node', `--import=${SETUP}`, '--test', 'node-test/one.test.js', 'node-test/two.test.js']],
];
const nodes: [version: string, binary: () => Promise<string>][] = [
  [process.versions.node, async () => process.execPath],
  ['24', () => nodeOf('24')],
];

describe.each(nodes)('the set-up of the test kit on Node %s', LONG, (_version, binary) => {
  it.each(runners)('starts a Logto for the whole run of %s', async (_name, [program = '', ...args]) => {
    const said = await run(await binary(), program, args);
    expect(said).toMatch(/\b2 (passed|passing|total)\b|# pass 2|pass 2/);
  });
});

it('testLogto says what to add where the run has no Logto', LONG, async () => {
  const script = "require('express-logto-m2m/testing').testLogto()";
  await expect(run(process.execPath, 'node', ['-e', script])).rejects.toThrow(
    /this test run has no Logto\. Add `express-logto-m2m\/testing\/setup`/,
  );
});

/** Runs a program that the project has installed, with this Node. Throws with all that it wrote where it fails. */
async function run(node: string, program: string, args: string[]): Promise<string> {
  const { folder } = project;
  const script = program === 'node' ? [] : [join(folder, 'node_modules/.bin', program)];
  const own = ownEnvironment();
  const env = { ...own, NO_COLOR: '1', PATH: `${dirname(node)}:${own['PATH']}` };
  try {
    const options = { cwd: folder, env, timeout: 120_000 };
    const { stdout, stderr } = await promisify(execFile)(node, [...script, ...args], options);
    return stdout + stderr;
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string };
    throw new Error(`${message}\n${stdout}${stderr}`);
  }
}
