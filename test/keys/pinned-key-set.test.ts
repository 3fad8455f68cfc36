import { expect, it } from 'vitest';
import { PinnedKeySet } from '../../src/keys/pinned-key-set.js';
import { keysFromJwks } from '../../src/keys/verification-key.js';
import { createSigningKey } from '../support/signing.js';

const ISSUER = 'https://tenant.logto.example/oidc';

it('has the given keys at once and never changes them', async () => {
  const list = keysFromJwks({ keys: [createSigningKey('ES384', { kid: 'key' }).publicJwk] });
  const { keys } = list;
  const pinned = new PinnedKeySet(ISSUER, list);
  expect(pinned.current()).toBe(keys);
  expect(await pinned.usable()).toBe(keys);
  expect(await pinned.find('key')).toBe(keys.get('key'));
  expect(await pinned.find('other')).toMatchObject({ reason: 'unknown_key' });
  expect([pinned.lacks('key'), pinned.lacks('other')]).toEqual([false, true]);
  expect(pinned.checkKey()).toBeUndefined();
  expect(pinned.health()).toEqual({ issuer: ISSUER, keyIds: ['key'], stale: false });
});

it('lists the keys that it cannot use', () => {
  const { publicJwk } = createSigningKey('ES384', { kid: 'key' });
  const list = keysFromJwks({ keys: [publicJwk, { ...publicJwk, kid: 'enc', use: 'enc' }] });
  expect(new PinnedKeySet(ISSUER, list).health()).toEqual({
    issuer: ISSUER,
    keyIds: ['key'],
    stale: false,
    ignoredKeys: [{ keyId: 'enc', reason: 'its use is "enc", not "sig"' }],
  });
});
