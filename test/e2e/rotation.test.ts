import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { type AuthError, createLogtoAuth, type LogtoAuth } from '../../src/index.js';
import { AUDIENCE, now } from '../support/logto.js';
import { elapse } from '../support/result.js';
import { createSigningKey, type SigningKey } from '../support/signing.js';
import { ownIssuer, type TestIssuer } from '../support/test-issuer.js';

const TIMEOUT = 5;

/** What became of one token, at which try, and how long that one took in milliseconds. */
interface Result {
  readonly outcome: string;
  readonly tries: number;
  readonly took: number;
}

/** Sends a token as a caller does who knows Retry-After: after a 503 once more. */
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

/** An API in front of a Logto, and when that was asked for its keys. */
async function api(): Promise<{ issuer: TestIssuer; auth: LogtoAuth; asked: number[] }> {
  const issuer = await ownIssuer();
  const asked: number[] = [];
  issuer.answer = (res) => {
    asked.push(performance.now());
    issuer.sendKeys(res);
  };
  const auth = createLogtoAuth({
    endpoint: issuer.endpoint,
    audience: AUDIENCE,
    jwksCache: { timeout: TIMEOUT },
  });
  await auth.ready();
  return { issuer, auth, asked };
}

/** Does something so often in a second, for so many seconds, and waits for what comes of it. */
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

/** A token that is like a real one, but for a kid that nobody has. */
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

it('serves 2,000 fresh tokens through four rotations two seconds apart', { timeout: 30_000 }, async () => {
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

it('makes nobody wait for a key that is published before it signs', async () => {
  const { issuer, auth, asked } = await api();
  const next = createSigningKey();
  issuer.keys.push(next);
  elapse(601);
  // The usual refresh, behind a request.
  await auth.verify(issuer.token());
  await vi.waitFor(() => expect(auth.health().issuers[0]?.keyIds).toContain(next.kid));
  issuer.keys.reverse();
  const results = await Promise.all(Array.from({ length: 20 }, () => call(auth, issuer.token())));
  vi.useRealTimers();
  expect(count(results, (result) => isServed(result) && result.tries === 1)).toBe(20);
  expect(asked).toHaveLength(2);
});

describe.each([
  { rate: 300, atFirstTry: 0.99 },
  { rate: 1_000, atFirstTry: 0.9 },
])('beside $rate made-up kids a second', ({ rate, atFirstTry }) => {
  it('serves the tokens of a new key, and refuses none of them', { timeout: 40_000 }, async () => {
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
    // By then the refreshes are as far apart as they get.
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
    // 25 in a minute; of which the start, and the new key, have two more than their share.
    expect(asked.length).toBeLessThanOrEqual(2 + (25 / 60_000) * (performance.now() - began));
    expect(await call(auth, held)).toMatchObject({ outcome: 'served', tries: 1 });
  });
});
