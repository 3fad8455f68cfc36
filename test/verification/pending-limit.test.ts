import { expect, it } from 'vitest';
import { createLogtoAuth } from '../../src/index.js';
import { PendingLimit } from '../../src/verification/pending-limit.js';
import { eventually } from '../support/eventually.js';
import { APP, AUDIENCE, now } from '../support/logto.js';
import { elapse, resultOf } from '../support/result.js';
import { createSigningKey, signJws } from '../support/signing.js';
import { ownIssuer } from '../support/test-issuer.js';

it('refuses requests beyond the limit until one ends', async () => {
  const limit = new PendingLimit(2);
  const ends: (() => void)[] = [];
  const work = () => new Promise<void>((resolve) => ends.push(resolve));
  const pending = [limit.runOrRefuse(work), limit.runOrRefuse(work)];
  const overloaded = {
    reason: 'overloaded',
    hint: '2 requests are already waiting: see maxPending.',
    details: { retryAfter: 1 },
  };
  expect([limit.runOrRefuse(work), limit.runOrRefuse(work)]).toMatchObject([overloaded, overloaded]);
  ends[0]?.();
  await pending[0];
  expect(limit.runOrRefuse(work)).toBeInstanceOf(Promise);
  expect(limit.runOrRefuse(work)).toMatchObject(overloaded);
});

it('no longer counts a request that failed', async () => {
  const limit = new PendingLimit(1);
  for (let i = 0; i < 3; i++) {
    await expect(limit.runOrRefuse(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  }
});

it('counts the release of a request only once, although the request also ends', async () => {
  const limit = new PendingLimit(1);
  let end = () => {};
  const early = limit.runOrRefuse(async (release) => {
    release();
    await new Promise<void>((resolve) => (end = resolve));
  });
  const second = limit.runOrRefuse(() => new Promise<void>(() => {}));
  expect(second).toBeInstanceOf(Promise);
  end();
  await early;
  expect(limit.runOrRefuse(async () => {})).toMatchObject({ reason: 'overloaded' });
});

it('no longer counts tokens with made-up key ids once the first keys have arrived', async () => {
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

it('counts unknown key ids and each issuer separately', async () => {
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
