import { describe, expect, it } from 'vitest';
import { nodeOf } from './node-versions.js';
import { LONG, useProject } from './use-project.js';

const SETUP = 'express-logto-m2m/testing/setup';

const project = useProject('test-runners');

/** Each runs two test files, with one line for our sake: the set-up module. */
const runners: [name: string, command: string[]][] = [
  ['jest, in workers', ['jest', '--config=jest.run.json', '--maxWorkers=2']],
  ['jest, in one process', ['jest', '--config=jest.run.json', '--runInBand']],
  ['jest, by setupFiles', ['jest', '--config=jest.each.json']],
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
  it.each(runners)('starts a Logto for the whole run of %s', async (_name, command) => {
    const said = await (await project()).run(command, { node: await binary() });
    expect(said).toMatch(/\b2 (passed|passing|total)\b|# pass 2|pass 2/);
  });
});

it('testLogto says what to add where the run has no Logto', LONG, async () => {
  const script = "require('express-logto-m2m/testing').testLogto()";
  await expect((await project()).run(['node', '-e', script])).rejects.toThrow(
    /this test run has no Logto\. Add `express-logto-m2m\/testing\/setup`/,
  );
});
