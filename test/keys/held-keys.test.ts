import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { HeldKeys } from '../../src/keys/held-keys.js';
import { Moment } from '../../src/keys/moment.js';
import { keysFromJwks } from '../../src/keys/verification-key.js';
import { createSigningKey } from '../support/signing.js';

const NOW = 2_000_000_000_000;
const LIFE = 1_000;
const jwkOf = (kid: string) => createSigningKey('ES384', { kid }).publicJwk;
const [one, other, replaced] = [jwkOf('one'), jwkOf('other'), jwkOf('one')];
const fetched = (...keys: object[]) => ({ ...keysFromJwks({ keys }), startedAt: Moment.now() });

function at(milliseconds: number): void {
  vi.setSystemTime(NOW + milliseconds);
  vi.spyOn(performance, 'now').mockReturnValue(milliseconds);
}
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  at(0);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

it('has no keys and an infinite age before the first fetch', () => {
  const held = new HeldKeys(LIFE);
  expect([held.keys, held.trusted(), held.fetchedAt, held.ignored]).toEqual([
    undefined,
    undefined,
    undefined,
    [],
  ]);
  expect(held.age()).toBe(Number.POSITIVE_INFINITY);
});

it('reports whether a fetch brought a new key', () => {
  const held = new HeldKeys(LIFE);
  expect(held.adopt(fetched(one))).toBe(true);
  expect(held.adopt(fetched(one))).toBe(false);
  expect(held.adopt(fetched(one, other))).toBe(true);
  expect(held.adopt(fetched(other))).toBe(false);
  expect(held.adopt(fetched(other, one))).toBe(true);
  expect(held.adopt(fetched(other, replaced))).toBe(true);
  expect(held.adopt(fetched(replaced, other))).toBe(false);
});

it('keeps the objects of unchanged keys', () => {
  const held = new HeldKeys(LIFE);
  held.adopt(fetched(one, other));
  const before = held.keys;
  held.adopt(fetched(replaced, other, { ...other, kid: 'enc', use: 'enc' }));
  expect(held.keys?.get('other')).toBe(before?.get('other'));
  expect(held.keys?.get('one')).not.toBe(before?.get('one'));
  expect(held.ignored).toEqual([{ keyId: 'enc', reason: 'its use is "enc", not "sig"' }]);
});

it('trusts keys until the end of their life, and holds them afterwards', () => {
  const held = new HeldKeys(LIFE);
  held.adopt(fetched(one));
  at(LIFE - 1);
  expect([held.age(), held.trusted()]).toEqual([LIFE - 1, held.keys]);
  at(LIFE);
  expect([held.age(), held.trusted()]).toEqual([LIFE, undefined]);
  expect([...(held.keys?.keys() ?? [])]).toEqual(['one']);
});

it('takes keys from the store only while it has no trusted keys', () => {
  const held = new HeldKeys(LIFE);
  held.adoptStored(undefined);
  expect(held.keys).toBeUndefined();
  held.adoptStored(fetched(one));
  held.adoptStored(fetched(other));
  expect([...(held.keys?.keys() ?? [])]).toEqual(['one']);
  at(LIFE);
  held.adoptStored(fetched(other));
  expect([...(held.keys?.keys() ?? [])]).toEqual(['other']);
});
