import { describe, expect, it, vi } from 'vitest';
import type { KeySet } from '../../src/keys/key-set.js';
import { KeyStore } from '../../src/keys/key-store.js';
import { Moment } from '../../src/keys/moment.js';
import { keysFromJwks, type VerificationKey } from '../../src/keys/verification-key.js';
import { Refusal } from '../../src/refusal.js';
import { createSigningKey } from '../support/signing.js';
import {
  at,
  ISSUER,
  JWKS,
  keySet,
  NOW,
  random,
  realNow,
  ScriptedLogto,
  stopClocks,
  URI,
  until,
} from '../support/stopped-clocks.js';

stopClocks();

/** A key set that fetched its keys at NOW, from a Logto that hangs afterwards. */
async function filled(): Promise<{ logto: ScriptedLogto; keys: KeySet; key: VerificationKey }> {
  const logto = new ScriptedLogto();
  const keys = keySet(logto);
  const key = (await keys.find('key')) as VerificationKey;
  logto.hang();
  return { logto, keys, key };
}

describe('keys', () => {
  it.each([
    ['are used without a refresh', 0, { serve: true, asked: 1, stale: false, trusted: true }],
    ['are used without a refresh', 599_999, { serve: true, asked: 1, stale: false, trusted: true }],
    [
      'are used while a refresh runs in the background',
      600_000,
      { serve: true, asked: 2, stale: true, trusted: true },
    ],
    [
      'are used while a refresh runs in the background',
      1_199_999,
      { serve: true, asked: 2, stale: true, trusted: true },
    ],
    ['are used only after a refresh', 1_200_000, { serve: false, asked: 1, stale: true, trusted: true }],
    ['are used only after a refresh', 4_199_999, { serve: false, asked: 1, stale: true, trusted: true }],
    ['are not trusted any more', 4_200_000, { serve: false, asked: 1, stale: true, trusted: false }],
    [
      'are no older after the wall clock was set back',
      -1,
      { serve: true, asked: 1, stale: false, trusted: true },
    ],
  ])('%s, at an age of %i ms', async (_what, age, expected) => {
    const { logto, keys, key } = await filled();
    at(age);
    const serve = keys.current(Date.now()) !== undefined;
    const { stale, keyIds, fetchedAt } = keys.health();
    const trusted = keys.checkKey(key) === undefined;
    expect({ serve, asked: logto.asked.length, stale, trusted }).toEqual(expected);
    expect(keyIds).toEqual(trusted ? ['key'] : []);
    expect(fetchedAt).toBe(NOW / 1000);
  });

  it('are used without delay after a failed refresh, until the end of their life', async () => {
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

  it('are requested again in the background once the backoff is over, and not before', async () => {
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
    'is aborted shortly before the waiting requests: timeout %i ms, aborted after %i ms',
    async (timeout, limit) => {
      const given = vi.spyOn(AbortSignal, 'timeout');
      await keySet(new ScriptedLogto(), { timeout }).usable();
      expect(given.mock.calls).toEqual([[limit]]);
      given.mockRestore();
    },
  );

  it.each([
    [0, 100],
    [0.5, 200],
  ])('is retried once after 100 to 300 ms (random number %d)', async (chance, pause) => {
    random.mockReturnValue(chance);
    const logto = new ScriptedLogto();
    logto.fail('first', 'second', 'third');
    const keys = keySet(logto);
    await keys.usable();
    expect(logto.asked).toHaveLength(2);
    const [first = 0, second = 0] = logto.asked;
    expect(second - first).toBeGreaterThanOrEqual(pause - 2);
    expect(keys.health().lastError).toBe(`${URI}: second`);
  });

  it('is not retried if no time is left', async () => {
    const logto = new ScriptedLogto();
    logto.fail('first', 'second');
    const keys = keySet(logto, { timeout: 50 });
    await keys.usable();
    await until(() => keys.health().lastError !== undefined);
    expect(keys.health().lastError).toBe(`${URI}: first`);
    expect(logto.asked).toHaveLength(1);
  });

  it('reports the error of the first attempt if the retry is cut short', async () => {
    const logto = new ScriptedLogto();
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
    ['up to a minute while the keys are usable', true, 8],
    ['at most five seconds without usable keys', false, 5],
  ])('is followed by the next one after a pause that doubles: %s', async (_what, serve, seconds) => {
    const logto = new ScriptedLogto();
    const keys = keySet(logto);
    let moment = 0;
    if (serve) {
      await keys.usable();
      moment = 1_200_000;
    }
    logto.fail('down');
    // There is no pause after the fourth failure.
    for (const wait of [1_000, 2_000, 4_000, 0]) {
      at(moment);
      await keys.usable();
      await until(() => (keys.health().nextAttemptAt ?? 0) > Date.now() / 1000);
      moment += wait;
    }
    expect(keys.health().nextAttemptAt).toBe((NOW + moment) / 1000 + seconds);
  });

  it('reports when the next attempt is due, in health() and in each refusal', async () => {
    random.mockReturnValue(0.2);
    const logto = new ScriptedLogto();
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

describe('a key that is fetched again', () => {
  it('stays the same object if its material is the same, and counts as withdrawn otherwise', async () => {
    const logto = new ScriptedLogto();
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
    expect(keys.checkKey(second as VerificationKey)).toBeUndefined();
    expect(keys.checkKey(first)).toMatchObject({
      reason: 'unknown_key',
      hint: `The key "key" of ${ISSUER} has just been withdrawn.`,
    });
  });
});

it('health() lists the unusable keys of a key set with the reason', async () => {
  const logto = new ScriptedLogto();
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
  /** A store with an entry of this age. */
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
  ])('is accepted until the end of its life, but not from the future: age %i ms', async (age, taken) => {
    expect((await stored(age).read()) !== undefined).toBe(taken);
  });

  it.each([
    [599_999, true],
    [600_000, false],
  ])('is used without delay while it is younger than maxAge: age %i ms', async (age, atOnce) => {
    const logto = new ScriptedLogto();
    logto.hang();
    const keys = keySet(logto, { timeout: 100, store: stored(age) });
    void keys.usable();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(keys.health().keyIds).toEqual(atOnce ? ['key'] : []);
    expect(logto.asked).toHaveLength(1);
  });

  it('is written with its lifetime, rounded up to whole milliseconds', async () => {
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

  it('is awaited for at most half a second', async () => {
    const store = { get: () => new Promise(() => {}), set: async () => {} };
    const began = realNow();
    const reading = new KeyStore({ store, issuer: ISSUER, jwksUri: URI, maxLife: 1_000 }).read();
    expect(await reading).toBeUndefined();
    expect(realNow() - began).toBeGreaterThan(490);
  });
});
