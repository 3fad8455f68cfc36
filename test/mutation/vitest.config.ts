import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** They come last, the slowest at the end: most mutants are dead by then. */
const SLOW = [
  'verification/token-cache',
  'middleware/request-auth',
  'middleware/is-revoked',
  'middleware/on-error',
  'logto-auth',
  'diagnostics',
  'keys/key-store',
  'verification/signature',
];

class QuickOnesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return files.toSorted((a, b) => place(a.moduleId) - place(b.moduleId));
  }
}

function place(file: string): number {
  const last = SLOW.findIndex((name) => file.endsWith(`/test/${name}.test.ts`));
  if (last >= 0) return last;
  // Most of these need no Express.
  return /\/test\/(verification|keys)\//.test(file) ? -2 : -1;
}

/** For Stryker: the tests of the mutated folders that need no other process, on Express 5 alone. */
export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: {
    include: [
      'test/{middleware,verification,keys,util}/*.test.ts',
      'test/{verify,logto-auth,options,diagnostics,two-copies}.test.ts',
    ],
    // They wait for real time or send hundreds of requests, once more for every mutant.
    exclude: ['test/keys/{faults,key-set}.test.ts', 'test/middleware/connections.test.ts'],
    // Two processes at work make each of them slow.
    testTimeout: 10_000,
    env: { EXPRESS: '5' },
    sequence: { sequencer: QuickOnesFirst },
  },
});
