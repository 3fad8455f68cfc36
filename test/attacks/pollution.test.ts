import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';

/** A decision that differs from that of an unpolluted process. */
interface Difference {
  readonly when: string;
  /** Which members Object.prototype had. */
  readonly members: string;
  readonly what: string;
  readonly expected: string;
  readonly found: string;
}

interface Outcome {
  readonly tried: number;
  readonly cases: number;
  readonly expected: Readonly<Record<string, string>>;
  readonly differences: readonly Difference[];
}

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));

describe('in a process with a polluted Object.prototype', () => {
  let outcome: Outcome;

  // Runs in its own process, since the test tools would not survive the pollution.
  beforeAll(async () => {
    const script = [file('polluted-process.mjs'), file('../../dist')];
    const { stdout } = await promisify(execFile)(process.execPath, script, { maxBuffer: 2 ** 26 });
    outcome = JSON.parse(stdout);
  }, 120_000);

  it('the test tries hostile members and every word of the code, with each kind of token', () => {
    expect(outcome.tried).toBeGreaterThan(1_000);
    expect(outcome.cases).toBeGreaterThan(85);
    expect(new Set(Object.values(outcome.expected))).toEqual(
      expect.objectContaining(
        new Set([
          'ok',
          'scope',
          'organization',
          'audience',
          'machine',
          'claims',
          'expired',
          'unknown_key',
          'type',
        ]),
      ),
    );
  });

  it('no request is accepted that a clean process refuses, and no cache keeps a wrong decision', () => {
    expect(outcome.differences.filter(({ found }) => found === 'ok' || found === '200')).toEqual([]);
  });

  it('all other outcomes are the same, and the secret and the token are sent to no other address', () => {
    // With these Node itself fails: it reads no public key if `d` exists, and loads no module if `auth` does.
    const others = outcome.differences.filter(({ members }) => members !== 'd' && members !== 'auth');
    expect(others).toEqual([]);
  });
});
