import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nodeOf } from './node-versions.js';
import { LONG, useProject } from './use-project.js';

const SETUP = 'express-logto-m2m/testing/setup';

const project = useProject('test-runners');

/** Each runs two test files, with the set-up module as its only extra configuration. */
const runners: [name: string, command: string[], logtos: number][] = [
  ['jest, in workers', ['jest', '--config=jest.run.json', '--maxWorkers=2'], 1],
  ['jest, in one process', ['jest', '--config=jest.run.json', '--runInBand'], 1],
  ['jest, by setupFiles', ['jest', '--config=jest.each.json'], 2],
  ['vitest, in processes', ['vitest', 'run', '--config=vitest.forks.config.mjs'], 1],
  ['vitest, in threads', ['vitest', 'run', '--config=vitest.threads.config.mjs'], 1],
  ['vitest, by setupFiles', ['vitest', 'run', '--config=vitest.each.config.mjs'], 2],
  ['mocha', ['mocha', `--import=${SETUP}`, 'mocha/*.js'], 1],
  ['mocha, in workers', ['mocha', '--parallel', `--import=${SETUP}`, 'mocha/*.js'], 1],
  // node:test runs each file in a separate process, and loads no module in its main process.
  ['node:test', ['node', `--import=${SETUP}`, '--test', 'node-test/one.test.js', 'node-test/two.test.js'], 2],
];
const nodes: [version: string, binary: () => Promise<string>][] = [
  [process.versions.node, async () => process.execPath],
  ['24', () => nodeOf('24')],
];

describe.each(nodes)('the set-up of the test kit on Node %s', LONG, (_version, binary) => {
  it.each(runners)('gives both test files a Logto under %s', async (_name, command, logtos) => {
    const seen = mkdtempSync(join(tmpdir(), 'seen-'));
    try {
      // The command fails if a test fails.
      await (await project()).run(command, { node: await binary(), env: { SEEN: seen } });
      const endpoints = readdirSync(seen).map((file) => readFileSync(join(seen, file), 'utf8'));
      expect(endpoints).toHaveLength(2);
      expect(new Set(endpoints).size).toBe(logtos);
    } finally {
      rmSync(seen, { recursive: true });
    }
  });
});

it('testLogto says what to add if the run has no Logto', LONG, async () => {
  const script = "require('express-logto-m2m/testing').testLogto()";
  await expect((await project()).run(['node', '-e', script])).rejects.toThrow(
    /this test run has no Logto\. Add `express-logto-m2m\/testing\/setup`/,
  );
});
