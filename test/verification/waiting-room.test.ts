import { expect, it } from 'vitest';
import { createLogtoAuth } from '../../src/index.js';
import { WaitingRoom } from '../../src/verification/waiting-room.js';
import { elapse, fateOf } from '../support/fate.js';
import { APP, AUDIENCE, now } from '../support/logto.js';
import { createSigningKey, signJws } from '../support/signing.js';

it('turns away whom it has no place for, until somebody leaves', async () => {
  const room = new WaitingRoom(2);
  const ends: (() => void)[] = [];
  const work = () => new Promise<void>((resolve) => ends.push(resolve));
  const inside = [room.enter(work), room.enter(work)];
  const overloaded = {
    reason: 'overloaded',
    hint: '2 requests are waiting already: see maxPending.',
    details: { retryAfter: 1 },
  };
  expect([room.enter(work), room.enter(work)]).toMatchObject([overloaded, overloaded]);
  ends[0]?.();
  await inside[0];
  expect(room.enter(work)).toBeInstanceOf(Promise);
  expect(room.enter(work)).toMatchObject(overloaded);
});

it('gives back the place of who fails', async () => {
  const room = new WaitingRoom(1);
  for (let i = 0; i < 3; i++) {
    await expect(room.enter(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  }
});

it('has its own places for kids that nobody knows, and for each issuer', async () => {
  const [here, there] = ['https://here.example/oidc', 'https://there.example/oidc'];
  const key = createSigningKey();
  const asked: string[] = [];
  const auth = createLogtoAuth({
    issuers: [{ issuer: here }, { issuer: there }],
    audience: AUDIENCE,
    maxPending: 1,
    jwksCache: { timeout: 0.5 },
    // Both are asked once for what they have; then they hang.
    fetch: async (uri) => {
      asked.push(String(uri));
      if (asked.length > 2) await new Promise(() => {});
      return Response.json({ keys: [key.publicJwk] });
    },
  });
  await auth.ready();
  elapse(2);
  const token = (iss: string, kid = key.kid) =>
    signJws(
      { alg: key.alg, typ: 'at+jwt', kid },
      { iss, aud: AUDIENCE, sub: APP, client_id: APP, iat: now(), exp: now() + 60, jti: crypto.randomUUID() },
      key,
    );
  const madeUp = [fateOf(auth, token(here, 'made-up')), fateOf(auth, token(here, 'made-up, too'))];
  expect(await madeUp[0]).toBe('overloaded');
  expect(await fateOf(auth, token(here))).toBe('ok');
  const [one, two, other] = [token(here), token(here), token(there)].map((text) => fateOf(auth, text));
  expect([await one, await two, await other]).toEqual(['ok', 'overloaded', 'ok']);
  expect(await madeUp[1]).toBe('keys_unavailable');
});
