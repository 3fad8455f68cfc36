import { describe, expect, it } from 'vitest';
import { KeyStore } from '../../src/keys/key-store.js';
import { Refusal } from '../../src/refusal.js';
import {
  at,
  ISSUER,
  JWKS,
  type KeySetting,
  keySet,
  NOW,
  realNow,
  ScriptedLogto,
  stopClocks,
  URI,
  until,
} from '../support/stopped-clocks.js';

stopClocks();

describe('a kid that is not known', () => {
  const key = (kid: string) => ({ ...JWKS.keys[0], kid });
  const has = (...kids: string[]) => Response.json({ keys: kids.map(key) });

  /** Keys that were fetched at NOW, and a Logto that answers each question when it is told to. */
  async function held(setting: KeySetting = {}) {
    const logto = new ScriptedLogto();
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
    const logto = new ScriptedLogto();
    const keys = keySet(logto);
    expect(await keys.find('new')).toMatchObject({ reason: 'unknown_key' });
    expect(logto.asked).toHaveLength(1);
    at(1_200_000);
    expect(await keys.find('new')).toMatchObject({ reason: 'unknown_key' });
    expect(logto.asked).toHaveLength(2);
  });

  it('is looked for in what Logto answers where the store had older keys', async () => {
    const logto = new ScriptedLogto();
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
    const logto = new ScriptedLogto();
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
    expect(keySet(new ScriptedLogto()).lacks('new')).toBe(false);
    const { keys } = await held();
    expect([keys.lacks('new'), keys.lacks('key')]).toEqual([true, false]);
  });
});
