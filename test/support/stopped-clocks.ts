import { afterEach, beforeEach, vi } from 'vitest';
import { KeySet, type KeySetOptions, type KeyTimes } from '../../src/keys/key-set.js';
import { createSigningKey } from './signing.js';

export const NOW = 2_000_000_000_000;
export const ISSUER = 'https://tenant.logto.example/oidc';
export const URI = `${ISSUER}/jwks`;
export const JWKS = { keys: [createSigningKey('ES384', { kid: 'key' }).publicJwk] };
const TIMES: KeyTimes = { maxAge: 600_000, maxStale: 3_600_000, cooldown: 30_000, timeout: 1_000 };

/** The real monotonic clock. */
export const realNow = performance.now.bind(performance);
const monotonic = vi.spyOn(performance, 'now');
let latest = 0;
/** Sets both clocks; only the wall clock can be set back. */
export function at(milliseconds: number): void {
  vi.setSystemTime(NOW + milliseconds);
  latest = Math.max(latest, milliseconds);
  monotonic.mockReturnValue(NOW + latest);
}
/** Waits for a condition. `vi.waitFor` would advance the clock. */
export async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** The result of `Math.random`, which a test may set; 0 by default. */
export const random = vi.spyOn(Math, 'random');

/** Stops both clocks at NOW before each test of a file. */
export function stopClocks(): void {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'], now: NOW });
    latest = 0;
    at(0);
    random.mockReturnValue(0);
  });
  afterEach(() => {
    vi.useRealTimers();
    random.mockReset();
  });
}

/** A `fetch` with scripted responses, which records the times of its calls. */
export class ScriptedLogto {
  readonly asked: number[] = [];
  answer: (signal: AbortSignal) => unknown = () => Response.json(JWKS);
  readonly fetch = (async (_uri: string, { signal }: { signal: AbortSignal }) => {
    this.asked.push(realNow());
    return this.answer(signal);
  }) as unknown as typeof fetch;

  hang(): void {
    this.answer = () => new Promise(() => {});
  }

  fail(...messages: string[]): void {
    this.answer = () => {
      throw new Error(messages.length > 1 ? messages.shift() : messages[0]);
    };
  }
}

export interface KeySetting extends Partial<KeyTimes> {
  readonly store?: KeySetOptions['store'];
  readonly maxPending?: number;
}

export function keySet(logto: ScriptedLogto, { store, maxPending = 1_000, ...times }: KeySetting = {}) {
  return new KeySet({
    issuer: ISSUER,
    jwksUri: URI,
    fetch: logto.fetch,
    times: { ...TIMES, ...times },
    maxPending,
    store,
  });
}
