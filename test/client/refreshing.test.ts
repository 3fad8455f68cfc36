import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TokenFailedMessage } from '../../src/client/index.js';
import { failureOf, grant, heard, scripted } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { travel } from '../support/result.js';

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const busy = (headers: Record<string, string> = {}) => new Response(null, { status: 503, headers });
const refusal = () => Response.json({ error: 'invalid_client' }, { status: 401 });
const numbered = (request: number, members: object = {}) =>
  grant({ access_token: `token-${request}`, ...members });

let ahead = 0;
const realNow = performance.now.bind(performance);

/** Sets the monotonic clock forward; the wall clock stays. */
function pass(seconds: number): void {
  ahead += seconds * 1000;
  vi.spyOn(performance, 'now').mockImplementation(() => realNow() + ahead);
}

const unhandled: unknown[] = [];
const note = (reason: unknown) => void unhandled.push(reason);
beforeEach(() => void process.on('unhandledRejection', note));
afterEach(async () => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  ahead = 0;
  await sleep(0);
  process.off('unhandledRejection', note);
  expect(unhandled.splice(0)).toEqual([]);
});

describe('within one call', () => {
  it('the client retries at growing intervals', async () => {
    const { client, requests } = scripted(() => busy(), { timeout: 3 });
    await failureOf(client.getAccessToken());
    // The intervals are at least 125, 250, 500 and 1000 ms; with 125 ms each, there would be eight or more.
    expect(requests()).toBeGreaterThanOrEqual(3);
    expect(requests()).toBeLessThanOrEqual(5);
  });

  it.each([
    ['0', '0'],
    ['a past date', 'Wed, 21 Oct 2015 07:28:00 GMT'],
    ['a negative number', '-5'],
    ['an invalid value', 'soon'],
  ])('a Retry-After of %s causes only a few requests', async (_what, value) => {
    const { client, requests } = scripted(() => busy({ 'retry-after': value }), { timeout: 1 });
    await failureOf(client.getAccessToken());
    expect(requests()).toBeLessThanOrEqual(4);
  });

  it.each([
    ['503', 503],
    ['429', 429],
    ['no response', undefined],
  ])(
    'a retry that the timeout cuts off does not replace the failure before it: %s',
    async (_what, status) => {
      const { client } = scripted(
        (request) => {
          if (request > 1) return new Promise(() => {});
          if (status === undefined) throw new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } });
          return new Response(null, { status });
        },
        { timeout: 0.5 },
      );
      const expected = status === undefined ? { code: 'network' } : { code: 'unavailable', status };
      expect(await failureOf(client.getAccessToken())).toMatchObject(expected);
    },
  );

  it('the client obeys Retry-After if the timeout allows it, in seconds and as a date', async () => {
    const times: number[] = [];
    const { client } = scripted((request) => {
      times.push(performance.now());
      if (request === 1) return busy({ 'retry-after': '1' });
      const inTwoSeconds = new Date(Math.ceil(Date.now() / 1000) * 1000 + 1_000).toUTCString();
      return request === 2 ? busy({ 'retry-after': inTwoSeconds }) : grant();
    });
    await client.getAccessToken();
    const [first = 0, second = 0, third = 0] = times;
    expect(second - first).toBeGreaterThan(980);
    expect(third - second).toBeGreaterThan(980);
  });
});

describe('after a call that was rejected', () => {
  it('the client still obeys Retry-After, for at most a minute', async () => {
    const { client, requests } = scripted(() => busy({ 'retry-after': '3600' }));
    const first = await failureOf(client.getAccessToken());
    expect(first).toMatchObject({ code: 'unavailable', status: 503 });
    pass(59);
    expect(await failureOf(client.getAccessToken())).toBe(first);
    expect(requests()).toBe(1);
    pass(2);
    await failureOf(client.getAccessToken());
    expect(requests()).toBe(2);
  });

  it('the client sends the next request after a second', async () => {
    const { client, requests } = scripted((request) => (request < 3 ? refusal() : grant()));
    for (const requested of [1, 2]) {
      await failureOf(client.getAccessToken());
      await failureOf(client.getAccessToken());
      expect(requests()).toBe(requested);
      pass(1.1);
    }
    expect((await client.getAccessToken()).token).toBe('a.b.c');
  });
});

describe('while a token is valid', () => {
  /** A client whose token is due for replacement, with these responses to further requests. */
  async function holding(respond: (request: number) => unknown) {
    const made = scripted((request) => (request === 1 ? grant() : respond(request)));
    await made.client.getAccessToken();
    travel(3600 - 50);
    return made;
  }

  it('the interval between attempts grows from 1 s to 30 s', async () => {
    const { client, requests } = await holding(refusal);
    const gaps: number[] = [];
    let waited = 0;
    await client.getAccessToken();
    await sleep(5);
    // By the clock of the client, in steps of half a second.
    for (let asked = requests(); asked < 9; ) {
      pass(0.5);
      waited += 0.5;
      await client.getAccessToken();
      await sleep(1);
      if (requests() === asked) continue;
      asked = requests();
      gaps.push(waited);
      waited = 0;
    }
    const atLeast = [1, 2, 4, 8, 15, 15, 15];
    for (const [index, gap] of gaps.entries()) {
      expect(gap).toBeGreaterThanOrEqual((atLeast[index] as number) - 0.2);
      expect(gap).toBeLessThanOrEqual((atLeast[index] as number) * 2 + 0.5);
    }
    expect(gaps).toHaveLength(7);
  });

  it('replicas that failed together do not retry together', async () => {
    vi.spyOn(Math, 'random').mockReturnValueOnce(0).mockReturnValueOnce(0.99);
    const [one, two] = [1, 2].map(() => scripted((request) => (request === 1 ? grant() : refusal()))) as [
      ReturnType<typeof scripted>,
      ReturnType<typeof scripted>,
    ];
    for (const { client } of [one, two]) await client.getAccessToken();
    travel(3600 - 50);
    for (const { client } of [one, two]) await client.getAccessToken();
    await sleep(5);
    pass(1.2);
    for (const { client } of [one, two]) await client.getAccessToken();
    await sleep(5);
    expect([one.requests(), two.requests()]).toEqual([3, 2]);
  });

  it('the client obeys Retry-After', async () => {
    const { client, requests } = await holding(() => busy({ 'retry-after': '40' }));
    await client.getAccessToken();
    await sleep(5);
    pass(39);
    await client.getAccessToken();
    await sleep(5);
    expect(requests()).toBe(2);
    pass(2);
    await client.getAccessToken();
    await sleep(5);
    expect(requests()).toBe(3);
  });

  it('a success resets the interval', async () => {
    const { client, requests } = await holding((request) =>
      request === 4 ? grant({ expires_in: 20 }) : refusal(),
    );
    await client.getAccessToken();
    for (const seconds of [2, 4]) {
      await sleep(5);
      pass(seconds);
      await client.getAccessToken();
    }
    await sleep(5);
    expect(requests()).toBe(4);
    travel(11);
    await client.getAccessToken();
    await sleep(5);
    pass(2.1);
    await client.getAccessToken();
    await sleep(5);
    expect(requests()).toBe(6);
  });

  it('the client reports a failure, with the time until which the token is valid', async () => {
    const { client } = await holding(refusal);
    const { expiresAt } = await client.getAccessToken();
    await sleep(5);
    pass(2);
    const [message] = await heard<TokenFailedMessage>('express-logto-m2m:token-failed', async () => {
      await client.getAccessToken();
      await sleep(5);
    });
    expect(message).toMatchObject({
      appId: 'app',
      servesUntil: expiresAt,
      error: { code: 'invalid_client' },
    });
    travel(60);
    pass(60);
    const [later] = await heard<TokenFailedMessage>('express-logto-m2m:token-failed', () =>
      failureOf(client.getAccessToken()),
    );
    expect(later).toBeDefined();
    expect(later).not.toHaveProperty('servesUntil');
  });

  it.each<[what: string, respond: () => unknown]>([
    ['rejects with undefined', () => Promise.reject()],
    ['rejects with null', () => Promise.reject(null)],
    ['rejects with an error', () => Promise.reject(new TypeError('fetch failed'))],
    [
      'returns a body that is not a stream',
      () => ({ status: 503, headers: new Headers(), body: { getReader: 1 } }),
    ],
    ['returns undefined', () => undefined],
  ])('a fetch that %s causes no failure', async (_what, respond) => {
    const { client, requests } = await holding(respond);
    expect((await client.getAccessToken()).token).toBe('a.b.c');
    await eventually(() => expect(requests()).toBeGreaterThan(1));
    await sleep(20);
    // Unhandled rejections are checked after each test.
    expect((await client.getAccessToken()).token).toBe('a.b.c');
  });
});

describe('a token', () => {
  it('is not returned after it has expired, even if it was valid when the call began', async () => {
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const { client } = scripted(async (request) => {
      if (request > 1) await ended;
      return numbered(request);
    });
    const first = await client.getAccessToken();
    travel(first.expiresAt - Date.now() / 1000 - 0.5);
    const asked = client.getAccessToken();
    await sleep(10);
    travel(1);
    // For longer than a call with a valid token waits.
    setTimeout(end, 1_200);
    expect((await asked).token).toBe('token-2');
  });

  it('that expires while the next one is refused is not returned', async () => {
    const { client } = scripted(async (request) => {
      if (request === 1) return numbered(1);
      travel(2);
      return refusal();
    });
    const first = await client.getAccessToken();
    travel(first.expiresAt - Date.now() / 1000 - 1);
    expect(await failureOf(client.getAccessToken())).toMatchObject({ code: 'invalid_client' });
  });

  it('is replaced in its last seconds, even with a refreshBefore of 0', async () => {
    const { client } = scripted((request) => numbered(request), { refreshBefore: 0 });
    const first = await client.getAccessToken();
    travel(first.expiresAt - Date.now() / 1000 - 6);
    expect((await client.getAccessToken()).token).toBe('token-1');
    travel(2);
    expect((await client.getAccessToken()).token).toBe('token-2');
  });

  it.each([
    [20, 'token-1'],
    [7200, 'token-2'],
  ])(
    'is replaced if a changed clock hides its age: with the clock set back by %d s it is %s',
    async (seconds, expected) => {
      const { client } = scripted((request) => numbered(request));
      await client.getAccessToken();
      travel(-seconds);
      await client.getAccessToken();
      await sleep(5);
      expect((await client.getAccessToken()).token).toBe(expected);
    },
  );
});

describe('a program', () => {
  const run = async (name: string) => {
    const file = fileURLToPath(new URL(`../support/${name}.mjs`, import.meta.url));
    return (await promisify(execFile)(process.execPath, [file])).stdout;
  };

  it('exits although a request for the next token is pending', async () => {
    const { requests, waited } = JSON.parse(await run('client-idle'));
    expect(requests).toBe(2);
    expect(waited).toBeLessThan(1_000);
  });

  it('that waits for a token does not exit before it has the token', async () => {
    expect(await run('client-waiting')).toBe('a.b.c\n');
  });
});
