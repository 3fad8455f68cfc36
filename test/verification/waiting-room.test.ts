import { expect, it } from 'vitest';
import { createLogtoAuth } from '../../src/index.js';
import { WaitingRoom } from '../../src/verification/waiting-room.js';
import { eventually } from '../support/eventually.js';
import { APP, AUDIENCE, now } from '../support/logto.js';
import { elapse, resultOf } from '../support/result.js';
import { createSigningKey, signJws } from '../support/signing.js';
import { ownIssuer } from '../support/test-issuer.js';

it('refuses requests beyond its size until one leaves', async () => {
  const room = new WaitingRoom(2);
  const ends: (() => void)[] = [];
  const work = () => new Promise<void>((resolve) => ends.push(resolve));
  const inside = [room.enter(work), room.enter(work)];
  const overloaded = {
    reason: 'overloaded',
    hint: '2 requests are already waiting: see maxPending.',
    details: { retryAfter: 1 },
  };
  expect([room.enter(work), room.enter(work)]).toMatchObject([overloaded, overloaded]);
  ends[0]?.();
  await inside[0];
  expect(room.enter(work)).toBeInstanceOf(Promise);
  expect(room.enter(work)).toMatchObject(overloaded);
});

it('frees the place of a request that fails', async () => {
  const room = new WaitingRoom(1);
  for (let i = 0; i < 3; i++) {
    await expect(room.enter(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  }
});

it('frees a place only once, even if the request leaves before its end', async () => {
  const room = new WaitingRoom(1);
  let end = () => {};
  const early = room.enter(async (leave) => {
    leave();
    await new Promise<void>((resolve) => (end = resolve));
  });
  const second = room.enter(() => new Promise<void>(() => {}));
  expect(second).toBeInstanceOf(Promise);
  end();
  await early;
  expect(room.enter(async () => {})).toMatchObject({ reason: 'overloaded' });
});

it('frees the places of made-up key ids once the first keys arrive', async () => {
  const issuer = await ownIssuer();
  const auth = createLogtoAuth({ endpoint: issuer.endpoint, audience: AUDIENCE, maxPending: 5 });
  const keys = issuer.hold();
  const first = auth.ready();
  await eventually(() => expect(keys.held).toHaveLength(1));
  const madeUp = Array.from({ length: 5 }, (_, i) =>
    resultOf(auth, issuer.token({ header: { kid: `made-up-${i}` } })),
  );
  keys.release();
  await first;
  expect(await resultOf(auth, issuer.token())).toBe('ok');
  expect(new Set(await Promise.all(madeUp))).toEqual(new Set(['unknown_key']));
});

it('has separate places for unknown key ids and for each issuer', async () => {
  const [here, there] = ['https://here.example/oidc', 'https://there.example/oidc'];
  const key = createSigningKey();
  const asked: string[] = [];
  const auth = createLogtoAuth({
    issuers: [{ issuer: here }, { issuer: there }],
    audience: AUDIENCE,
    maxPending: 1,
    jwksCache: { timeout: 0.5 },
    // Both respond to the first request for their keys and hang afterwards.
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
  const madeUp = [resultOf(auth, token(here, 'made-up')), resultOf(auth, token(here, 'made-up, too'))];
  expect(await madeUp[0]).toBe('overloaded');
  expect(await resultOf(auth, token(here))).toBe('ok');
  const [one, two, other] = [token(here), token(here), token(there)].map((text) => resultOf(auth, text));
  expect([await one, await two, await other]).toEqual(['ok', 'overloaded', 'ok']);
  expect(await madeUp[1]).toBe('keys_unavailable');
});
