import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Exchange } from '../soak/src/exchange.js';
import { growth } from '../soak/src/heap.js';
import { Judge } from '../soak/src/judge.js';
import { KeyHistory } from '../soak/src/key-history.js';
import { Ledger } from '../soak/src/ledger.js';
import { objectionsTo, type Run } from '../soak/src/verdict.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('the soak', () => {
  /** Runs the built program, as `npm run soak` does. */
  function run(seconds: number, preload = '', args: readonly string[] = []) {
    const child = spawn(process.execPath, ['test/soak/dist/main.js', '--seconds', `${seconds}`, ...args], {
      cwd: root,
      env: {
        ...process.env,
        NODE_OPTIONS: preload && `--import=data:text/javascript,${encodeURIComponent(preload)}`,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      // Its own process group lets Ctrl-C reach all of its processes, as in a terminal.
      detached: true,
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const said = { output: '', errors: '' };
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      said.output += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      said.errors += chunk;
    });
    // The streams close only after all of its processes have ended, since they share its output.
    const closed = once(child, 'close');
    return {
      said,
      pressCtrlC: () => process.kill(-(child.pid ?? Number.NaN), 'SIGINT'),
      outcome: async () => ({ exitCode: (await closed)[0], ...said }),
    };
  }

  /** The numbers in the line of the report that starts with the label. */
  function figures(output: string, label: string): number[] {
    const line = output.split('\n').find((candidate) => candidate.trimStart().startsWith(label));
    const numbers = line?.slice(line.indexOf(label) + label.length).match(/[\d.,]+/g) ?? [];
    return numbers.map((number) => Number(number.replaceAll(',', '')));
  }

  test('finds no fault and prints its report', async () => {
    const { exitCode, output, errors } = await run(14).outcome();
    expect({ exitCode, errors }, output).toEqual({ exitCode: 0, errors: '' });
    expect(output).toMatch(/\nAs promised: no valid request paid for what Logto did\.\n$/);

    expect(output).toMatch(/by status +200 +401 +403 +503 +all\n/);
    const [served = 0, ...refused] = figures(output, 'a valid token  ');
    expect(served).toBeGreaterThan(1_000);
    expect(refused.slice(0, -1)).toEqual([0, 0, 0]);
    expect(figures(output, 'expired  ')[0]).toBeGreaterThan(10);
    expect(figures(output, 'key rotations')[0]).toBeGreaterThanOrEqual(3);
    expect(figures(output, 'key fetches that succeeded')[0]).toBeGreaterThanOrEqual(2);
    expect(figures(output, 'key fetches that failed')[0]).toBeGreaterThanOrEqual(1);
    for (const state of ['responds', 'is at fault']) {
      const [median = 0, p99 = 0, slowest = 0, requests] = figures(
        output,
        `valid tokens, while Logto ${state}`,
      );
      expect(median).toBeGreaterThan(0);
      expect(p99).toBeGreaterThanOrEqual(median);
      expect(slowest).toBeGreaterThanOrEqual(p99);
      expect(requests).toBeGreaterThan(100);
    }
    expect(figures(output, 'at start and end')).toHaveLength(2);
  });

  test('shows that no token of a new key is refused, even during a flood of made-up key ids', {
    timeout: 120_000,
  }, async () => {
    const { exitCode, output, errors } = await run(14, '', ['--rotations']).outcome();
    expect({ exitCode, errors }, output).toEqual({ exitCode: 0, errors: '' });
    expect(figures(output, 'four rotations, two seconds apart').slice(0, 4)).toEqual([2_000, 2_000, 0, 0]);
    const [served, , ...refused] = figures(output, '1000 made-up key ids a second');
    expect([served, ...refused.slice(0, 2)]).toEqual([240, 0, 0]);
    expect(figures(output, 'in any one second, at most')).toEqual([1]);
  });

  test('exits with 1 if a token of a new key is refused, and reports it even after Ctrl-C', async () => {
    const brokenApi = `if (process.argv[1]?.endsWith('api-process.js')) {
      const real = fetch;
      let calls = 0;
      globalThis.fetch = async (...request) => {
        if (calls++ > 0) throw new Error('no more keys');
        return real(...request);
      };
    }`;
    const soak = run(60, brokenApi);
    await vi.waitFor(() => expect(soak.said.output).toContain('Logto hangs'), 30_000);
    soak.pressCtrlC();
    const { exitCode, output } = await soak.outcome();
    expect(exitCode).toBe(1);
    expect(output).toContain('✗ a valid token, of a key that the API could fetch: 503 instead of 200 (');
  });

  test('exits with 130 on Ctrl-C and ends all of its processes', async () => {
    const soak = run(60);
    await vi.waitFor(() => expect(soak.said.output).toContain('Logto rotates its key'), 30_000);
    soak.pressCtrlC();
    const { exitCode, errors } = await soak.outcome();
    expect({ exitCode, errors }).toEqual({ exitCode: 130, errors: '' });
  });
});

const second = 1_000;

/** A judge and its key history: Logto has had one key from the start, and the API holds it. */
function court() {
  const history = new KeyHistory(62 * second);
  history.has(['first'], 0, 0);
  history.delivered(['first'], 0);
  const judge = new Judge(history, { timeout: 1 * second });

  /** The objection of the judge to one request; undefined if it has none. */
  const sent = (sentAt: number, exchange: Partial<Exchange>) =>
    judge.objectionTo({
      kind: 'repeated',
      keyId: 'first',
      sentAt,
      answeredAt: sentAt + 5,
      took: 5,
      status: 200,
      ...exchange,
    });
  return { history, sent };
}

/** The statuses to which the judge has no objection; each is judged in a new court. */
function allowed(
  exchange: Partial<Exchange>,
  prepare: (court: ReturnType<typeof courtAt>) => void,
): number[] {
  return [0, 200, 401, 403, 500, 503].filter((status) => {
    const own = courtAt();
    prepare(own);
    return own.sent(own.now, { ...exchange, status }) === undefined;
  });
}
const courtAt = () => ({ ...court(), now: 20 * second });

describe('the judge', () => {
  type Court = ReturnType<typeof courtAt>;
  const allIsWell = () => {};
  const outage = ({ history, now }: Court) => history.faultBegan(now - 10 * second);
  const rotation = ({ history, now }: Court) => history.has(['second', 'first'], now - 1, now);
  const flood = ({ sent, now }: Court) => {
    for (let i = 0; i < 5; i += 1) sent(now - 50, { kind: 'madeUpKey', keyId: `${i}`, status: 401 });
  };
  const both =
    (...parts: ((court: Court) => void)[]) =>
    (court: Court) => {
      for (const part of parts) part(court);
    };

  test.each([
    ['repeated', 200],
    ['fresh', 200],
    ['unpermitted', 403],
    ['altered', 401],
    ['none', 401],
    ['expired', 401],
    ['otherAudience', 401],
  ] as const)('allows one status for the kind %s, during an outage of Logto too: %i', (kind, status) => {
    expect(allowed({ kind }, allIsWell)).toEqual([status]);
    expect(allowed({ kind }, outage)).toEqual([status]);
  });

  test('allows only 401 and 503 for a made-up key id', () => {
    expect(allowed({ kind: 'madeUpKey', keyId: 'x' }, allIsWell)).toEqual([401, 503]);
    expect(allowed({ kind: 'madeUpKey', keyId: 'x' }, outage)).toEqual([401, 503]);
  });

  test('objects to a request that waits much longer than the timeout', () => {
    const { sent } = court();
    expect(sent(9 * second, { took: 900 })).toBeUndefined();
    expect(sent(9 * second, { took: 3_100 })).toContain('waited');
  });

  describe('for a key that is new to the API', () => {
    const exchange = { keyId: 'second' };

    test('demands 200 while Logto responds', () => {
      expect(allowed(exchange, rotation)).toEqual([200]);
    });

    test('demands 200 right after a flood of made-up key ids too', () => {
      expect(allowed(exchange, both(rotation, flood))).toEqual([200]);
    });

    test('allows 503 during an outage and for the timeout after it, and no other error', () => {
      const ended = (ago: number) => (court: Court) => {
        outage(court);
        court.history.faultEnded(court.now - ago);
      };
      expect(allowed(exchange, both(outage, rotation))).toEqual([200, 503]);
      expect(allowed(exchange, both(ended(900), rotation))).toEqual([200, 503]);
      expect(allowed(exchange, both(ended(1_100), rotation))).toEqual([200]);
    });

    test('never allows 401, even during an outage and a flood', () => {
      expect(allowed(exchange, both(outage, rotation, flood))).toEqual([200, 503]);
    });

    test('demands 200 in every case once the key was fetched', () => {
      const fetched = ({ history, now }: Court) => history.delivered(['second', 'first'], now - 1 * second);
      expect(allowed(exchange, both(rotation, fetched, outage, flood))).toEqual([200]);
    });
  });

  describe('for a key that Logto has removed', () => {
    const rotatedTwice = ({ history, now }: Court) =>
      history.has(['third', 'second'], now - 5 * second, now - 5 * second);
    const told = (ago: number) => (court: Court) =>
      court.history.delivered(['third', 'second'], court.now - ago);

    test('demands 200 until the API has the new key set, and a refusal afterwards', () => {
      expect(allowed({}, rotatedTwice)).toEqual([200]);
      expect(allowed({}, both(rotatedTwice, told(100)))).toEqual([200, 401, 503]);
      expect(allowed({}, both(rotatedTwice, told(1_000)))).toEqual([401, 503]);
    });
  });

  test('demands nothing for keys beyond their maximum age', () => {
    const { history, sent } = court();
    history.faultBegan(1 * second);
    expect(sent(60 * second, { status: 503 })).toContain('of a key that the API held');
    expect(sent(63 * second, { status: 503 })).toBeUndefined();
  });
});

describe('the verdict on a whole run', () => {
  const samples = (bytesAt: (at: number) => number) =>
    Array.from({ length: 20 }, (_, at) => ({ at, bytes: bytesAt(at) }));
  const megabyte = 1024 * 1024;

  function goodRun(): Run {
    const { history } = court();
    const ledger = new Ledger(new Judge(history, { timeout: 1 }), history, 1);
    ledger.latency.calm.record(1_000);
    ledger.latency.fault.record(1_000);
    ledger.latencyOfNewKeys.record(1_000);
    return {
      seconds: 60,
      startedAt: 0,
      ledger,
      heap: samples(() => 12 * megabyte),
      counts: { denied: {}, keysRefreshed: 9, keysFailed: 9 },
      keyRequests: { total: 18, mostInASecond: 4, mostInAMinute: 18, redirected: 0 },
      rotations: { calm: 3, fault: 1 },
      faults: 2,
    };
  }

  test('is good if nothing is wrong', () => {
    expect(objectionsTo(goodRun())).toEqual([]);
  });

  test('objects to requests that wait for Logto', () => {
    const run = goodRun();
    run.ledger.latency.fault.record(400_000);
    expect(objectionsTo(run)).toEqual([expect.stringContaining('p99')]);
  });

  test.each<[string, Partial<Run>]>([
    ['grew', { heap: samples((at) => at * megabyte) }],
    [
      'asked Logto 9 times',
      { keyRequests: { total: 18, mostInASecond: 9, mostInAMinute: 18, redirected: 0 } },
    ],
    ['redirect', { keyRequests: { total: 18, mostInASecond: 4, mostInAMinute: 18, redirected: 1 } }],
    ['no fetch failed', { counts: { denied: {}, keysRefreshed: 9, keysFailed: 0 } }],
    ['never at fault', { faults: 0 }],
    ['not rotated', { rotations: { calm: 0, fault: 1 } }],
  ])('objects: %s', (objection, part) => {
    expect(objectionsTo({ ...goodRun(), ...part })).toEqual([expect.stringContaining(objection)]);
  });

  test('does not report a filling cache or a single high sample as a leak', () => {
    expect(growth(samples((at) => Math.min(at, 5) * megabyte)).isUnbounded).toBe(false);
    expect(growth(samples((at) => (at === 19 ? 90 : 12) * megabyte)).isUnbounded).toBe(false);
    expect(growth(samples((at) => 12 * megabyte + at * 0.5 * megabyte)).isUnbounded).toBe(true);
  });
});
