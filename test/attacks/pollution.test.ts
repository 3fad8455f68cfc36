import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';

/** Where the package decided otherwise than in a process that nobody has polluted. */
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

describe('in a process whose Object.prototype has other members', () => {
  let outcome: Outcome;

  // In a process of its own: the tests' own tools would not survive it.
  beforeAll(async () => {
    const script = [file('polluted-process.mjs'), file('../../dist')];
    const { stdout } = await promisify(execFile)(process.execPath, script, { maxBuffer: 2 ** 26 });
    outcome = JSON.parse(stdout);
  }, 120_000);

  it('all is tried: hostile members, and every word of the code, on each kind of token', () => {
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

  it('nothing gets in that is refused without, whenever they came, and no cache keeps what was decided', () => {
    expect(outcome.differences.filter(({ found }) => found === 'ok' || found === '200')).toEqual([]);
  });

  it('nothing is refused either, and the secret and the token go nowhere else', () => {
    // By these Node itself no longer works: it reads no public key beside a `d`, and loads no module beside an `auth`.
    const others = outcome.differences.filter(({ members }) => members !== 'd' && members !== 'auth');
    expect(others).toEqual([]);
  });
});
