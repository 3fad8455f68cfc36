import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { type AuthError, createLogtoAuth, type LogtoAuth } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { AUDIENCE, now } from '../support/logto.js';
import { elapse } from '../support/result.js';
import { createSigningKey, type SigningKey } from '../support/signing.js';
import { ownIssuer, type TestIssuer } from '../support/test-issuer.js';

const TIMEOUT = 5;

/** The outcome for one token, the number of tries, and the duration of the last try in milliseconds. */
interface Result {
  readonly outcome: string;
  readonly tries: number;
  readonly took: number;
}

/** Sends a token, and after a 503 sends it again as Retry-After says; three tries at most. */
async function call(auth: LogtoAuth, token: string): Promise<Result> {
  for (let tries = 1; ; tries++) {
    const began = performance.now();
    try {
      await auth.verify(token);
      return { outcome: 'served', tries, took: performance.now() - began };
    } catch (error) {
      const { status, headers, reason } = error as AuthError;
      const took = performance.now() - began;
      if (status !== 503 || tries === 3) return { outcome: reason, tries, took };
      await sleep(Number(headers['Retry-After']) * 1000);
    }
  }
}

/** Starts an API and its Logto, and records the times of the requests for the keys. */
async function api(): Promise<{ issuer: TestIssuer; auth: LogtoAuth; asked: number[] }> {
  const issuer = await ownIssuer();
  const asked: number[] = [];
  const auth = createLogtoAuth({
    endpoint: issuer.endpoint,
    audience: AUDIENCE,
    jwksCache: { timeout: TIMEOUT },
    // The times at which the requests are sent: those at which they arrive would also vary by the load.
    fetch: (...request) => {
      asked.push(performance.now());
      return fetch(...request);
    },
  });
  await auth.ready();
  return { issuer, auth, asked };
}

/** Calls `action` at this rate per second for this number of seconds, and waits for all results. */
async function repeat<T>(rate: number, seconds: number, action: () => T | Promise<T>): Promise<T[]> {
  const began = performance.now();
  const results: (T | Promise<T>)[] = [];
  for (;;) {
    const passed = Math.min(seconds, (performance.now() - began) / 1000);
    while (results.length < passed * rate) results.push(action());
    if (passed === seconds) return Promise.all(results);
    await sleep(10);
  }
}

/** Returns a function that makes tokens with the claims of a real one, but with unknown kids. */
function madeUp(issuer: TestIssuer): () => string {
  const [, claims] = issuer.token({ claims: { exp: now() + 3_600 } }).split('.');
  const signature = randomBytes(96).toString('base64url');
  return () => {
    const kid = randomBytes(32).toString('base64url');
    const header = Buffer.from(JSON.stringify(issuer.header({ kid }))).toString('base64url');
    return `${header}.${claims}.${signature}`;
  };
}

const count = (results: readonly Result[], is: (result: Result) => boolean) => results.filter(is).length;
const isServed = ({ outcome }: Result) => outcome === 'served';
/** The shortest time between two requests for the keys, in milliseconds. */
const shortestPause = (asked: readonly number[]) =>
  Math.min(...asked.slice(1).map((at, index) => at - (asked[index] as number)));
const slowest = (results: readonly Result[]) => Math.max(...results.map(({ took }) => took));

it('serves 2,000 fresh tokens through four rotations two seconds apart', async () => {
  const { issuer, auth, asked } = await api();
  const rotations = (async () => {
    for (let i = 0; i < 4; i++) {
      await sleep(2_000);
      issuer.rotate();
    }
  })();
  const results = await repeat(200, 10, () => call(auth, issuer.token()));
  await rotations;
  expect(results).toHaveLength(2_000);
  expect(count(results, (result) => isServed(result) && result.tries === 1)).toBe(2_000);
  expect(asked).toHaveLength(5);
  expect(shortestPause(asked)).toBeGreaterThanOrEqual(1_000);
});

it('delays no request for a key that is published before it signs', async () => {
  const { issuer, auth, asked } = await api();
  const next = createSigningKey();
  issuer.keys.push(next);
  elapse(601);
  // This request starts a regular refresh in the background.
  await auth.verify(issuer.token());
  await eventually(() => expect(auth.health().issuers[0]?.keyIds).toContain(next.kid));
  issuer.keys.reverse();
  const results = await Promise.all(Array.from({ length: 20 }, () => call(auth, issuer.token())));
  vi.useRealTimers();
  expect(count(results, (result) => isServed(result) && result.tries === 1)).toBe(20);
  expect(asked).toHaveLength(2);
});

describe.each([
  { rate: 300, atFirstTry: 0.99 },
  { rate: 1_000, atFirstTry: 0.9 },
])('during a flood of $rate made-up kids per second', ({ rate, atFirstTry }) => {
  it('serves the tokens of a new key, and refuses none of them', async () => {
    const { issuer, auth, asked } = await api();
    const forge = madeUp(issuer);
    const held = issuer.token();
    await auth.verify(held);
    const began = performance.now();
    const flood = repeat(rate, 14, () =>
      auth.verify(forge()).then(
        () => 'served',
        (error: AuthError) => error.reason,
      ),
    );
    // After this time the interval between refreshes has reached its maximum.
    await sleep(6_500);
    const next: SigningKey = createSigningKey();
    issuer.keys = [next, issuer.key];
    const results = await repeat(40, 6, () => call(auth, issuer.token({ key: next })));

    expect(results).toHaveLength(240);
    expect(count(results, isServed)).toBe(240);
    expect(count(results, (result) => result.tries === 1) / results.length).toBeGreaterThanOrEqual(
      atFirstTry,
    );
    expect(slowest(results)).toBeLessThan((TIMEOUT + 0.5) * 1000);
    expect(new Set(await flood)).not.toContain('served');
    expect(shortestPause(asked)).toBeGreaterThanOrEqual(1_000);
    // The limit is 25 per minute, plus one each for the start and the new key.
    expect(asked.length).toBeLessThanOrEqual(2 + (25 / 60_000) * (performance.now() - began));
    expect(await call(auth, held)).toMatchObject({ outcome: 'served', tries: 1 });
  });
});
