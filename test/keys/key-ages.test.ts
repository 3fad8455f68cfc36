import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Refusal } from '../../src/errors.js';
import { KeySet, type KeySetOptions, type KeyTimes } from '../../src/keys/key-set.js';
import { KeyStore } from '../../src/keys/key-store.js';
import { Moment } from '../../src/keys/moment.js';
import { keysFromJwks, type VerificationKey } from '../../src/keys/verification-key.js';
import { createSigningKey } from '../support/signing.js';

const NOW = 2_000_000_000_000;
const ISSUER = 'https://tenant.logto.example/oidc';
const URI = `${ISSUER}/jwks`;
const JWKS = { keys: [createSigningKey('ES384', { kid: 'key' }).publicJwk] };
const TIMES: KeyTimes = { maxAge: 600_000, maxStale: 3_600_000, cooldown: 30_000, timeout: 1_000 };

const realNow = performance.now.bind(performance);
const monotonic = vi.spyOn(performance, 'now');
let latest = 0;
/** Both clocks stand still, and are set; back goes the wall clock alone. */
function at(milliseconds: number): void {
  vi.setSystemTime(NOW + milliseconds);
  latest = Math.max(latest, milliseconds);
  monotonic.mockReturnValue(NOW + latest);
}
/** Where `vi.waitFor` would set the clock forward. */
async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const random = vi.spyOn(Math, 'random');

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW });
  latest = 0;
  at(0);
  random.mockReturnValue(0);
});
afterEach(() => {
  vi.useRealTimers();
  random.mockReset();
});

/** What Logto answers, and when it was asked. */
class Logto {
  readonly asked: number[] = [];
  answer: (signal: AbortSignal) => unknown = () => Response.json(JWKS);
  readonly fetch = (async (_uri: string, { signal }: { signal: AbortSignal }) => {
    this.asked.push(realNow());
    return this.answer(signal);
  }) as unknown as typeof fetch;

  hang(): void {
    this.answer = () => new Promise(() => {});
  }

  fail(...messages: string[]): void {
    this.answer = () => {
      throw new Error(messages.length > 1 ? messages.shift() : messages[0]);
    };
  }
}

interface KeySetting extends Partial<KeyTimes> {
  readonly store?: KeySetOptions['store'];
  readonly maxPending?: number;
}

function keySet(logto: Logto, { store, maxPending = 1_000, ...times }: KeySetting = {}) {
  return new KeySet({
    issuer: ISSUER,
    jwksUri: URI,
    fetch: logto.fetch,
    times: { ...TIMES, ...times },
    maxPending,
    store,
  });
}

/** One that has fetched its keys at NOW, of a Logto that hangs from then on. */
async function filled(): Promise<{ logto: Logto; keys: KeySet; key: VerificationKey }> {
  const logto = new Logto();
  const keys = keySet(logto);
  const key = (await keys.find('key')) as VerificationKey;
  logto.hang();
  return { logto, keys, key };
}

describe('keys of a certain age', () => {
  it.each([
    ['serve as they are', 0, { serve: true, asked: 1, stale: false, trusted: true }],
    ['serve as they are', 599_999, { serve: true, asked: 1, stale: false, trusted: true }],
    ['serve, and are refreshed behind', 600_000, { serve: true, asked: 2, stale: true, trusted: true }],
    ['serve, and are refreshed behind', 1_199_999, { serve: true, asked: 2, stale: true, trusted: true }],
    ['are waited for', 1_200_000, { serve: false, asked: 1, stale: true, trusted: true }],
    ['are waited for', 4_199_999, { serve: false, asked: 1, stale: true, trusted: true }],
    ['are trusted no more', 4_200_000, { serve: false, asked: 1, stale: true, trusted: false }],
    [
      'are no older where the wall clock was set back',
      -1,
      { serve: true, asked: 1, stale: false, trusted: true },
    ],
  ])('%s: %i ms', async (_what, age, expected) => {
    const { logto, keys, key } = await filled();
    at(age);
    const serve = keys.current(Date.now()) !== undefined;
    const { stale, keyIds, fetchedAt } = keys.health();
    const trusted = keys.disowns(key) === undefined;
    expect({ serve, asked: logto.asked.length, stale, trusted }).toEqual(expected);
    expect(keyIds).toEqual(trusted ? ['key'] : []);
    expect(fetchedAt).toBe(NOW / 1000);
  });

  it('serve at once after a failure, to the end of their time, and no longer', async () => {
    const { logto, keys } = await filled();
    logto.fail('down');
    at(4_199_990);
    expect(await keys.usable()).not.toBeInstanceOf(Refusal);
    expect(keys.current(Date.now())).toBeDefined();
    at(4_199_999);
    expect(keys.current(Date.now())).toBeDefined();
    at(4_200_000);
    expect(keys.current(Date.now())).toBeUndefined();
    expect(await keys.usable()).toMatchObject({ reason: 'keys_unavailable' });
  });

  it('are asked for again behind the requests when the wait is over, and not before', async () => {
    const { logto, keys } = await filled();
    logto.fail('down');
    at(1_200_000);
    await keys.usable();
    logto.hang();
    const asked = logto.asked.length;
    at(1_200_999);
    keys.current(Date.now());
    expect(logto.asked).toHaveLength(asked);
    at(1_201_000);
    for (let i = 0; i < 3; i++) keys.current(Date.now());
    expect(logto.asked).toHaveLength(asked + 1);
  });
});

describe('a refresh that fails', () => {
  it.each([
    [5_000, 4_900],
    [1_000, 900],
    [500, 450],
    [333, 300],
  ])(
    'is given up a little before those who wait, after %i ms, give up: after %i ms',
    async (timeout, limit) => {
      const given = vi.spyOn(AbortSignal, 'timeout');
      await keySet(new Logto(), { timeout }).usable();
      expect(given.mock.calls).toEqual([[limit]]);
      given.mockRestore();
    },
  );

  it.each([
    [0, 100],
    [0.5, 200],
  ])('is tried once more after 100 to 300 ms (%d)', async (chance, pause) => {
    random.mockReturnValue(chance);
    const logto = new Logto();
    logto.fail('first', 'second', 'third');
    const keys = keySet(logto);
    await keys.usable();
    expect(logto.asked).toHaveLength(2);
    const [first = 0, second = 0] = logto.asked;
    expect(second - first).toBeGreaterThanOrEqual(pause - 2);
    expect(keys.health().lastError).toBe(`${URI}: second`);
  });

  it('is not tried once more where no time is left', async () => {
    const logto = new Logto();
    logto.fail('first', 'second');
    const keys = keySet(logto, { timeout: 50 });
    await keys.usable();
    await until(() => keys.health().lastError !== undefined);
    expect(keys.health().lastError).toBe(`${URI}: first`);
    expect(logto.asked).toHaveLength(1);
  });

  it('tells what the first try came to where the second one is cut short', async () => {
    const logto = new Logto();
    logto.answer = () => {
      logto.hang();
      throw new Error('first');
    };
    const keys = keySet(logto, { timeout: 800 });
    await keys.usable();
    expect(logto.asked).toHaveLength(2);
    expect(keys.health().lastError).toBe(`${URI}: first`);
  });

  it.each([
    ['up to a minute while keys serve', true, 8],
    ['five seconds at most while none do', false, 5],
  ])('is followed by another after a while that doubles: %s', async (_what, serve, seconds) => {
    const logto = new Logto();
    const keys = keySet(logto);
    let moment = 0;
    if (serve) {
      await keys.usable();
      moment = 1_200_000;
    }
    logto.fail('down');
    // After the fourth.
    for (const wait of [1_000, 2_000, 4_000, 0]) {
      at(moment);
      await keys.usable();
      await until(() => (keys.health().nextAttemptAt ?? 0) > Date.now() / 1000);
      moment += wait;
    }
    expect(keys.health().nextAttemptAt).toBe((NOW + moment) / 1000 + seconds);
  });

  it('tells when the next one is due, and those who were refused, too', async () => {
    random.mockReturnValue(0.2);
    const logto = new Logto();
    logto.fail('down');
    const keys = keySet(logto);
    expect(await keys.usable()).toMatchObject({ reason: 'keys_unavailable', details: { retryAfter: 2 } });
    expect(keys.health()).toEqual({
      issuer: ISSUER,
      keyIds: [],
      stale: false,
      lastError: `${URI}: down`,
      nextAttemptAt: NOW / 1000 + 1.2,
    });
    at(200);
    expect(await keys.usable()).toMatchObject({ details: { retryAfter: 1 } });
    at(1_199);
    expect(await keys.usable()).toMatchObject({ details: { retryAfter: 1 } });
    expect(logto.asked).toHaveLength(2);
    at(1_200);
    logto.answer = () => Response.json(JWKS);
    expect(await keys.usable()).not.toBeInstanceOf(Refusal);
    expect(keys.health()).toEqual({
      issuer: ISSUER,
      keyIds: ['key'],
      stale: false,
      fetchedAt: (NOW + 1_200) / 1000,
    });
  });
});

describe('a kid that is not known', () => {
  const key = (kid: string) => ({ ...JWKS.keys[0], kid });
  const has = (...kids: string[]) => Response.json({ keys: kids.map(key) });

  /** Keys that were fetched at NOW, and a Logto that answers each question when it is told to. */
  async function held(setting: KeySetting = {}) {
    const logto = new Logto();
    const keys = keySet(logto, setting);
    await keys.usable();
    at(2_000);
    const answers: ((response: Response) => void)[] = [];
    logto.answer = () => new Promise((resolve) => answers.push(resolve));
    return { logto, keys, answers };
  }
  const settle = () => new Promise((resolve) => setImmediate(resolve));

  it('is asked for at once, by one for all', async () => {
    const { logto, keys, answers } = await held();
    const found = Promise.all([keys.find('new'), keys.find('new'), keys.find('other')]);
    await settle();
    answers[0]?.(has('key', 'new'));
    const [one, two, other] = await found;
    expect(one).toMatchObject({ kid: 'new' });
    expect(two).toBe(one);
    expect(other).toMatchObject({
      reason: 'unknown_key',
      hint: `The token's kid is "other"; the keys of ${ISSUER} are "key", "new".`,
    });
    expect(logto.asked).toHaveLength(2);
  });

  it('may come with a refresh that began before: then nobody asks again', async () => {
    const { logto, keys, answers } = await held();
    at(600_000);
    keys.current(Date.now());
    const found = keys.find('new');
    await settle();
    answers[0]?.(has('key', 'new'));
    expect(await found).toMatchObject({ kid: 'new' });
    expect(logto.asked).toHaveLength(2);
  });

  it('is asked for after a refresh that began before and did not bring it, a second later', async () => {
    const { logto, keys, answers } = await held({ timeout: 5_000 });
    at(600_000);
    keys.current(Date.now());
    const found = keys.find('new');
    await settle();
    answers[0]?.(has('key'));
    await settle();
    expect(logto.asked).toHaveLength(2);
    at(601_050);
    await until(() => answers.length === 2);
    answers[1]?.(has('key', 'new'));
    expect(await found).toMatchObject({ kid: 'new' });
    expect(logto.asked).toHaveLength(3);
    const [, first = 0, second = 0] = logto.asked;
    expect(second - first).toBeGreaterThan(1_000);
  });

  it('is not asked for again by who has just waited for the first keys, or for new ones', async () => {
    const logto = new Logto();
    const keys = keySet(logto);
    expect(await keys.find('new')).toMatchObject({ reason: 'unknown_key' });
    expect(logto.asked).toHaveLength(1);
    at(1_200_000);
    expect(await keys.find('new')).toMatchObject({ reason: 'unknown_key' });
    expect(logto.asked).toHaveLength(2);
  });

  it('is looked for in what Logto answers where the store had older keys', async () => {
    const logto = new Logto();
    logto.answer = () => has('key', 'new');
    const entry = { issuer: ISSUER, jwksUri: URI, fetchedAt: NOW, jwks: JWKS };
    const store = new KeyStore({
      store: { get: async () => entry, set: async () => {} },
      issuer: ISSUER,
      jwksUri: URI,
      maxLife: 1_000,
    });
    expect(await keySet(logto, { store }).find('new')).toMatchObject({ kid: 'new' });
    expect(logto.asked).toHaveLength(1);
  });

  it('is refused at once for a second after Logto did not have it, and then asked for again', async () => {
    const { logto, keys, answers } = await held({ timeout: 5_000 });
    const find = async () => {
      const found = keys.find('made-up');
      await settle();
      answers.shift()?.(has('key'));
      expect(await found).toMatchObject({ reason: 'unknown_key' });
      return logto.asked.length;
    };
    expect([await find(), await find()]).toEqual([2, 2]);
    at(2_999);
    expect(await find()).toBe(2);
    // Two seconds lie between two refreshes that bring nothing.
    at(4_100);
    expect(await find()).toBe(3);
  });

  it('is remembered as absent also by who waited for the first keys', async () => {
    const logto = new Logto();
    const keys = keySet(logto);
    for (let i = 0; i < 2; i++) expect(await keys.find('made-up')).toMatchObject({ reason: 'unknown_key' });
    expect(logto.asked).toHaveLength(1);
  });

  it('is not remembered as absent where Logto did not answer', async () => {
    const { logto, keys } = await held({ timeout: 5_000 });
    logto.fail('down');
    expect(await keys.find('new')).toMatchObject({ reason: 'keys_unavailable' });
    logto.answer = () => has('key', 'new');
    at(4_100);
    expect(await keys.find('new')).toMatchObject({ kid: 'new' });
  });

  it('is not asked for where a refresh could not begin in time, and the answer tells when to come again', async () => {
    const { logto, keys, answers } = await held({ timeout: 1_000 });
    const found = keys.find('made-up');
    await settle();
    answers.shift()?.(has('key'));
    await found;
    // At once, for there is nothing to wait for.
    const refused = await Promise.race([keys.find('new'), settle()]);
    expect(refused).toMatchObject({
      reason: 'keys_unavailable',
      hint: `The keys of ${ISSUER} cannot be had: Logto is not asked again for unknown keys so soon.`,
      details: { retryAfter: 3 },
    });
    expect(logto.asked).toHaveLength(2);
  });

  it('is asked for a second after a new key came, though refreshes before it brought nothing', async () => {
    const { logto, keys, answers } = await held({ timeout: 5_000 });
    const find = async (kid: string, ...kids: string[]) => {
      const found = keys.find(kid);
      await settle();
      answers.shift()?.(has(...kids));
      return found;
    };
    expect(await find('made-up', 'key')).toMatchObject({ reason: 'unknown_key' });
    at(4_100);
    expect(await find('new', 'key', 'new')).toMatchObject({ kid: 'new' });
    at(5_150);
    expect(await find('newer', 'key', 'new', 'newer')).toMatchObject({ kid: 'newer' });
    expect(logto.asked).toHaveLength(4);
  });

  it('is asked for as long as somebody waits, and no longer', async () => {
    const { logto, keys, answers } = await held({ timeout: 5_000 });
    const found = keys.find('new');
    await settle();
    // By then another refresh could begin at once.
    at(20_000);
    answers.shift()?.(has('key', 'new'));
    await found;
    await settle();
    expect(logto.asked).toHaveLength(2);
  });

  it('is told when to come again where the room is full and no refresh is due yet', async () => {
    const { keys, answers } = await held({ maxPending: 1, timeout: 5_000 });
    const first = keys.find('made-up');
    await settle();
    answers.shift()?.(has('key'));
    await first;
    at(3_001);
    const crowdedOut = keys.find('a');
    const last = keys.find('b');
    expect(await crowdedOut).toMatchObject({ reason: 'overloaded', details: { retryAfter: 2 } });
    at(4_100);
    await until(() => answers.length === 1);
    answers.shift()?.(has('key', 'b'));
    expect(await last).toMatchObject({ kid: 'b' });
  });

  it('is no fault of the caller where Logto could not be asked the last time', async () => {
    const { logto, keys } = await held();
    logto.fail('down');
    const error = { reason: 'keys_unavailable', details: { retryAfter: 3 } };
    expect(await keys.find('new')).toMatchObject(error);
    expect(await keys.find('new')).toMatchObject(error);
    // The attempt has its quick retry.
    expect(logto.asked).toHaveLength(1 + 2);
    expect(await keys.find('key')).toMatchObject({ kid: 'key' });
  });

  it('makes room for another in a full room, and is told when to come again', async () => {
    const { keys, answers } = await held({ maxPending: 2, timeout: 5_000 });
    const found = ['a', 'b', 'c'].map((kid) => keys.find(kid));
    await settle();
    answers[0]?.(has('key', 'a', 'b', 'c'));
    const outcomes = await Promise.all(found);
    expect(outcomes.filter((one) => !(one instanceof Refusal))).toHaveLength(2);
    expect(outcomes[2]).not.toBeInstanceOf(Refusal);
    expect(outcomes.find((one) => one instanceof Refusal)).toEqual(
      new Refusal('overloaded', '2 requests are waiting for keys that are not held: see maxPending.', {
        retryAfter: 1,
      }),
    );
  });

  it.each([
    ['its own question', 0, 3],
    ['one that began before', 600_000, 2],
  ])('is waited for no longer than the timeout: %s', async (_what, age, retryAfter) => {
    const { keys } = await held({ timeout: 100 });
    at(Math.max(2_000, age));
    keys.current(Date.now());
    const began = realNow();
    expect(await keys.find('new')).toMatchObject({
      reason: 'keys_unavailable',
      // When the next refresh for unknown keys may begin.
      details: { retryAfter },
    });
    expect(realNow() - began).toBeGreaterThan(85);
  });

  it('is no reason to refuse others at the end of the keys, while Logto is being asked for it', async () => {
    const { logto, keys, answers } = await held();
    const { answer } = logto;
    logto.fail('down');
    at(4_197_000);
    await keys.usable();
    logto.answer = answer;
    at(4_199_999);
    const found = keys.find('new');
    await settle();
    // The backoff still runs, but the question is under way.
    at(4_200_000);
    const usable = keys.usable();
    answers[0]?.(has('key', 'new'));
    expect(await usable).not.toBeInstanceOf(Refusal);
    expect(await found).toMatchObject({ kid: 'new' });
  });

  it('is not looked for among keys that have come to their end meanwhile', async () => {
    const { keys, answers } = await held();
    at(1_199_999);
    const found = keys.find('new');
    await settle();
    at(4_200_000);
    for (const answer of answers) answer(new Response('', { status: 500 }));
    await until(() => answers.length === 2);
    answers[1]?.(new Response('', { status: 500 }));
    expect(await found).toMatchObject({ reason: 'keys_unavailable' });
  });

  it('is lacking only where keys are held', async () => {
    expect(keySet(new Logto()).lacks('new')).toBe(false);
    const { keys } = await held();
    expect([keys.lacks('new'), keys.lacks('key')]).toEqual([true, false]);
  });
});

describe('a key that a refresh brings again', () => {
  it('stays the same object where it has the same material, and is disowned where it has not', async () => {
    const logto = new Logto();
    const keys = keySet(logto);
    const first = (await keys.find('key')) as VerificationKey;
    at(1_200_000);
    expect(await keys.find('key')).toBe(first);
    expect(logto.asked).toHaveLength(2);
    const replaced = createSigningKey('ES384', { kid: 'key' }).publicJwk;
    logto.answer = () => Response.json({ keys: [replaced] });
    at(2_400_000);
    const second = await keys.find('key');
    expect(second).not.toBe(first);
    expect(keys.disowns(second as VerificationKey)).toBeUndefined();
    expect(keys.disowns(first)).toMatchObject({
      reason: 'unknown_key',
      hint: `The key "key" of ${ISSUER} was withdrawn just now.`,
    });
  });
});

it('the keys of a set that cannot be used are named with the reason', async () => {
  const logto = new Logto();
  const keys = keySet(logto);
  await keys.usable();
  expect(keys.health()).not.toHaveProperty('ignoredKeys');
  logto.answer = () =>
    Response.json({ keys: [...JWKS.keys, { ...JWKS.keys[0], kid: 'enc', use: 'enc' }, 5] });
  at(1_200_000);
  await keys.usable();
  expect(keys.health()).toMatchObject({
    keyIds: ['key'],
    ignoredKeys: [{ keyId: 'enc', reason: 'its use is "enc", not "sig"' }, { reason: 'it is not an object' }],
  });
});

describe('an entry of the store', () => {
  /** One that the store has, of this age. */
  function stored(age: number, maxLife = 4_200_000): KeyStore {
    const entry = { issuer: ISSUER, jwksUri: URI, fetchedAt: NOW - age, jwks: JWKS };
    const store = { get: async () => entry, set: async () => {} };
    return new KeyStore({ store, issuer: ISSUER, jwksUri: URI, maxLife });
  }

  it.each([
    [-1, false],
    [0, true],
    [4_199_999, true],
    [4_200_000, false],
  ])('is taken for its life, and not from the future: %i ms', async (age, taken) => {
    expect((await stored(age).read()) !== undefined).toBe(taken);
  });

  it.each([
    [599_999, true],
    [600_000, false],
  ])('serves at once while it is younger than maxAge: %i ms', async (age, atOnce) => {
    const logto = new Logto();
    logto.hang();
    const keys = keySet(logto, { timeout: 100, store: stored(age) });
    void keys.usable();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(keys.health().keyIds).toEqual(atOnce ? ['key'] : []);
    expect(logto.asked).toHaveLength(1);
  });

  it('is written for its life in whole milliseconds', async () => {
    const set = vi.fn(async () => {});
    const store = new KeyStore({
      store: { get: async () => undefined, set },
      issuer: ISSUER,
      jwksUri: URI,
      maxLife: 1_000.5,
    });
    store.write({ ...keysFromJwks(JWKS), startedAt: Moment.at(NOW) });
    expect(set.mock.calls).toEqual([
      [expect.any(String), { issuer: ISSUER, jwksUri: URI, fetchedAt: NOW, jwks: JWKS }, 1_001],
    ]);
  });

  it('is waited for half a second at most', async () => {
    const store = { get: () => new Promise(() => {}), set: async () => {} };
    const began = realNow();
    const reading = new KeyStore({ store, issuer: ISSUER, jwksUri: URI, maxLife: 1_000 }).read();
    expect(await reading).toBeUndefined();
    expect(realNow() - began).toBeGreaterThan(490);
  });
});
