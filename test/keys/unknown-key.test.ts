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

describe('an unknown key id', () => {
  const key = (kid: string) => ({ ...JWKS.keys[0], kid });
  const has = (...kids: string[]) => Response.json({ keys: kids.map(key) });

  /** A key set that fetched its keys at NOW, and a Logto whose responses the test sends. */
  async function held(setting: KeySetting = {}) {
    const logto = new ScriptedLogto();
    const keys = keySet(logto, setting);
    await keys.usable();
    at(2_000);
    const respond: ((response: Response) => void)[] = [];
    logto.answer = () => new Promise((resolve) => respond.push(resolve));
    return { logto, keys, respond };
  }
  const settle = () => new Promise((resolve) => setImmediate(resolve));

  it('is requested at once, with one request for all waiting tokens', async () => {
    const { logto, keys, respond } = await held();
    const found = Promise.all([keys.find('new'), keys.find('new'), keys.find('other')]);
    await settle();
    respond[0]?.(has('key', 'new'));
    const [one, two, other] = await found;
    expect(one).toMatchObject({ kid: 'new' });
    expect(two).toBe(one);
    expect(other).toMatchObject({
      reason: 'unknown_key',
      hint: `The token's kid is "other"; the keys of ${ISSUER} are "key", "new".`,
    });
    expect(logto.asked).toHaveLength(2);
  });

  it('is not requested again if a running refresh brings it', async () => {
    const { logto, keys, respond } = await held();
    at(600_000);
    keys.current(Date.now());
    const found = keys.find('new');
    await settle();
    respond[0]?.(has('key', 'new'));
    expect(await found).toMatchObject({ kid: 'new' });
    expect(logto.asked).toHaveLength(2);
  });

  it('is requested again, a second after the start of a running refresh that did not bring it', async () => {
    const { logto, keys, respond } = await held({ timeout: 5_000 });
    at(600_000);
    keys.current(Date.now());
    const found = keys.find('new');
    await settle();
    respond[0]?.(has('key'));
    await settle();
    expect(logto.asked).toHaveLength(2);
    at(601_050);
    await until(() => respond.length === 2);
    respond[1]?.(has('key', 'new'));
    expect(await found).toMatchObject({ kid: 'new' });
    expect(logto.asked).toHaveLength(3);
    const [, first = 0, second = 0] = logto.asked;
    expect(second - first).toBeGreaterThan(1_000);
  });

  it('is not requested again by a token that has just waited for a fetch', async () => {
    const logto = new ScriptedLogto();
    const keys = keySet(logto);
    expect(await keys.find('new')).toMatchObject({ reason: 'unknown_key' });
    expect(logto.asked).toHaveLength(1);
    at(1_200_000);
    expect(await keys.find('new')).toMatchObject({ reason: 'unknown_key' });
    expect(logto.asked).toHaveLength(2);
  });

  it('is looked up in the response of Logto if the entry of the store lacks it', async () => {
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

  it('is refused without a request for a second after Logto lacked it, then requested again', async () => {
    const { logto, keys, respond } = await held({ timeout: 5_000 });
    const find = async () => {
      const found = keys.find('made-up');
      await settle();
      respond.shift()?.(has('key'));
      expect(await found).toMatchObject({ reason: 'unknown_key' });
      return logto.asked.length;
    };
    expect([await find(), await find()]).toEqual([2, 2]);
    at(2_999);
    expect(await find()).toBe(2);
    // Refreshes that bring no new key are two seconds apart.
    at(4_100);
    expect(await find()).toBe(3);
  });

  it('is remembered as absent after the first fetch, too', async () => {
    const logto = new ScriptedLogto();
    const keys = keySet(logto);
    for (let i = 0; i < 2; i++) expect(await keys.find('made-up')).toMatchObject({ reason: 'unknown_key' });
    expect(logto.asked).toHaveLength(1);
  });

  it('is not remembered as absent if the request to Logto failed', async () => {
    const { logto, keys } = await held({ timeout: 5_000 });
    logto.fail('down');
    expect(await keys.find('new')).toMatchObject({ reason: 'keys_unavailable' });
    logto.answer = () => has('key', 'new');
    at(4_100);
    expect(await keys.find('new')).toMatchObject({ kid: 'new' });
  });

  it('is refused at once with Retry-After if no refresh can begin within the timeout', async () => {
    const { logto, keys, respond } = await held({ timeout: 1_000 });
    const found = keys.find('made-up');
    await settle();
    respond.shift()?.(has('key'));
    await found;
    // The refusal is immediate, since there is nothing to wait for.
    const refused = await Promise.race([keys.find('new'), settle()]);
    expect(refused).toMatchObject({
      reason: 'keys_unavailable',
      hint: `The keys of ${ISSUER} are not available: the next request to Logto for unknown keys is not due yet.`,
      details: { retryAfter: 3 },
    });
    expect(logto.asked).toHaveLength(2);
  });

  it('is requested a second after a new key arrived, although an earlier refresh brought none', async () => {
    const { logto, keys, respond } = await held({ timeout: 5_000 });
    const find = async (kid: string, ...kids: string[]) => {
      const found = keys.find(kid);
      await settle();
      respond.shift()?.(has(...kids));
      return found;
    };
    expect(await find('made-up', 'key')).toMatchObject({ reason: 'unknown_key' });
    at(4_100);
    expect(await find('new', 'key', 'new')).toMatchObject({ kid: 'new' });
    at(5_150);
    expect(await find('newer', 'key', 'new', 'newer')).toMatchObject({ kid: 'newer' });
    expect(logto.asked).toHaveLength(4);
  });

  it('is not requested again once no token waits for it', async () => {
    const { logto, keys, respond } = await held({ timeout: 5_000 });
    const found = keys.find('new');
    await settle();
    // From this time another refresh could begin at once.
    at(20_000);
    respond.shift()?.(has('key', 'new'));
    await found;
    await settle();
    expect(logto.asked).toHaveLength(2);
  });

  it('is refused with Retry-After if too many tokens wait and no refresh is due yet', async () => {
    const { keys, respond } = await held({ maxPending: 1, timeout: 5_000 });
    const first = keys.find('made-up');
    await settle();
    respond.shift()?.(has('key'));
    await first;
    at(3_001);
    const crowdedOut = keys.find('a');
    const last = keys.find('b');
    expect(await crowdedOut).toMatchObject({ reason: 'overloaded', details: { retryAfter: 2 } });
    at(4_100);
    await until(() => respond.length === 1);
    respond.shift()?.(has('key', 'b'));
    expect(await last).toMatchObject({ kid: 'b' });
  });

  it('is refused with 503, not 401, if the last request to Logto failed', async () => {
    const { logto, keys } = await held();
    logto.fail('down');
    const error = { reason: 'keys_unavailable', details: { retryAfter: 3 } };
    expect(await keys.find('new')).toMatchObject(error);
    expect(await keys.find('new')).toMatchObject(error);
    // The first fetch, then an attempt and its retry.
    expect(logto.asked).toHaveLength(1 + 2);
    expect(await keys.find('key')).toMatchObject({ kid: 'key' });
  });

  it('is refused with Retry-After in favour of a newer one if too many tokens wait', async () => {
    const { keys, respond } = await held({ maxPending: 2, timeout: 5_000 });
    const found = ['a', 'b', 'c'].map((kid) => keys.find(kid));
    await settle();
    respond[0]?.(has('key', 'a', 'b', 'c'));
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
    ['its own request', 0, 3],
    ['an earlier refresh', 600_000, 2],
  ])('waits no longer than the timeout for %s', async (_what, age, retryAfter) => {
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

  it('lets other tokens wait for its request when the held keys expire', async () => {
    const { logto, keys, respond } = await held();
    const { answer } = logto;
    logto.fail('down');
    at(4_197_000);
    await keys.usable();
    logto.answer = answer;
    at(4_199_999);
    const found = keys.find('new');
    await settle();
    // The backoff still applies, but the request is already sent.
    at(4_200_000);
    const usable = keys.usable();
    respond[0]?.(has('key', 'new'));
    expect(await usable).not.toBeInstanceOf(Refusal);
    expect(await found).toMatchObject({ kid: 'new' });
  });

  it('is not looked up among keys that have expired in the meantime', async () => {
    const { keys, respond } = await held();
    at(1_199_999);
    const found = keys.find('new');
    await settle();
    at(4_200_000);
    for (const one of respond) one(new Response('', { status: 500 }));
    await until(() => respond.length === 2);
    respond[1]?.(new Response('', { status: 500 }));
    expect(await found).toMatchObject({ reason: 'keys_unavailable' });
  });

  it('counts as lacking only if keys are held', async () => {
    expect(keySet(new ScriptedLogto()).lacks('new')).toBe(false);
    const { keys } = await held();
    expect([keys.lacks('new'), keys.lacks('key')]).toEqual([true, false]);
  });
});
