import { setTimeout as sleep } from 'node:timers/promises';
import { tellKeysFailed, tellKeysRefreshed } from '../diagnostics.js';
import { asError, Refusal } from '../errors.js';
import { Backoff } from './backoff.js';
import { fetchJwks } from './fetch-jwks.js';
import { type KeyHealth, type KeySource, unknownKey } from './key-source.js';
import { RefreshBudget } from './refresh-budget.js';
import type { Keys, VerificationKey } from './verification-key.js';

/** All in milliseconds. */
export interface KeyTimes {
  readonly maxAge: number;
  readonly maxStale: number;
  readonly cooldown: number;
  readonly timeout: number;
}

export interface KeySetOptions {
  readonly issuer: string;
  readonly jwksUri: string;
  readonly fetch: typeof globalThis.fetch;
  readonly times: KeyTimes;
}

/**
 * One issuer's keys, fetched when first needed and kept through outages. No timer runs between requests: each
 * request looks at the age of the keys and starts what is due. HTTP caching headers do not steer it, since
 * Logto forbids any caching of its keys.
 */
export class KeySet implements KeySource {
  readonly #options: KeySetOptions;
  readonly #backoff = new Backoff();
  readonly #budget: RefreshBudget;
  #keys: Keys | undefined;
  /** When the fetch that brought the keys began; by the wall clock, as is every age here. */
  #fetchedAt = 0;
  #lastError: string | undefined;
  /** The refresh under way, shared by all who wait for it. Never rejects. */
  #refreshing: Promise<void> | undefined;
  /** How many refreshes have begun. */
  #begun = 0;

  constructor(options: KeySetOptions) {
    this.#options = options;
    this.#budget = new RefreshBudget(options.times.cooldown / 5);
  }

  current(): Keys | undefined {
    const keys = this.#keys;
    if (keys === undefined) return undefined;
    const age = Date.now() - this.#fetchedAt;
    if (age >= 0 && age < this.#options.times.maxAge) return keys;
    return this.#mayServeAtOnce(age) ? this.#refreshedBehind(keys) : undefined;
  }

  async usable(deadline = performance.now() + this.#options.times.timeout): Promise<Keys | Refusal> {
    const keys = this.current();
    if (keys !== undefined) return keys;
    if (this.#refreshing !== undefined || this.#attemptIn() === 0) await until(this.#refresh(), deadline);
    return this.#trusted() ?? this.#unavailable();
  }

  async find(kid: string): Promise<VerificationKey | Refusal> {
    const deadline = performance.now() + this.#options.times.timeout;
    const begunBefore = this.#begun;
    const keys = await this.usable(deadline);
    if (keys instanceof Refusal) return keys;
    return keys.get(kid) ?? this.#findUnknown(kid, begunBefore, deadline);
  }

  lacks(kid: string): boolean {
    return this.#keys?.has(kid) === false;
  }

  holds(key: VerificationKey): boolean {
    return this.#keys?.get(key.kid) === key;
  }

  health(): KeyHealth {
    const now = Date.now();
    const keys = this.#trusted();
    const age = now - this.#fetchedAt;
    return {
      issuer: this.#options.issuer,
      keyIds: [...(keys?.keys() ?? [])],
      ...(this.#keys !== undefined && { fetchedAt: this.#fetchedAt / 1000 }),
      stale: this.#keys !== undefined && !(age >= 0 && age < this.#options.times.maxAge),
      ...(this.#lastError !== undefined && {
        lastError: this.#lastError,
        nextAttemptAt: (now + this.#attemptIn()) / 1000,
      }),
    };
  }

  /** Asks Logto for a key that is not held: it may have rotated its keys a moment ago. */
  async #findUnknown(kid: string, begunBefore: number, deadline: number): Promise<VerificationKey | Refusal> {
    // A refresh that began before this request came may bring the key, but it may also have missed the
    // rotation: a key that it does not bring is not thereby unknown.
    const earlier = this.#begun === begunBefore ? this.#refreshing : undefined;
    if (earlier !== undefined && !(await until(earlier, deadline))) return this.#unavailable();
    if (!this.#keys?.has(kid)) {
      const asked = this.#begun > begunBefore;
      const refresh = asked ? this.#refreshing : this.#budget.take(Date.now()) ? this.#refresh() : undefined;
      if (refresh !== undefined && !(await until(refresh, deadline))) return this.#unavailable();
    }
    const keys = this.#trusted();
    if (keys === undefined) return this.#unavailable();
    const { issuer } = this.#options;
    return keys.get(kid) ?? (this.#backoff.failing ? this.#unavailable() : unknownKey(kid, issuer, keys));
  }

  /**
   * Whether keys past `maxAge` serve without waiting. Up to twice `maxAge` they do. Beyond that the process was
   * idle, and a key may have been withdrawn long ago: then a request waits for one refresh. Not so in the midst
   * of an outage, where refreshes fail one after another and each would hold up the requests of its time.
   * A negative age means that the clock was set back.
   */
  #mayServeAtOnce(age: number): boolean {
    const { maxAge, maxStale } = this.#options.times;
    if (age >= maxAge + maxStale) return false;
    if (age >= 0 && age < 2 * maxAge) return true;
    return this.#backoff.failedLately(Date.now());
  }

  #refreshedBehind(keys: Keys): Keys {
    if (this.#refreshing === undefined && this.#attemptIn() === 0) void this.#refresh();
    return keys;
  }

  /** The keys, if they are young enough to be trusted at all. */
  #trusted(): Keys | undefined {
    const { maxAge, maxStale } = this.#options.times;
    return Date.now() - this.#fetchedAt < maxAge + maxStale ? this.#keys : undefined;
  }

  #attemptIn(): number {
    return this.#backoff.remaining(Date.now(), this.#trusted() !== undefined);
  }

  #unavailable(): Refusal {
    const { issuer } = this.#options;
    const hint = `The keys of ${issuer} cannot be had: ${this.#lastError ?? 'no answer came in time'}.`;
    return new Refusal('keys_unavailable', hint, {
      retryAfter: Math.max(1, Math.ceil(this.#attemptIn() / 1000)),
    });
  }

  #refresh(): Promise<void> {
    this.#refreshing ??= this.#fetchAndAdopt().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #fetchAndAdopt(): Promise<void> {
    this.#begun += 1;
    const { issuer, times } = this.#options;
    const began = performance.now();
    try {
      const keyIds = this.#adopt(await this.#fetch(AbortSignal.timeout(Math.ceil(times.timeout))));
      tellKeysRefreshed({ issuer, keyIds, durationMs: performance.now() - began });
    } catch (thrown) {
      const error = asError(thrown);
      const now = Date.now();
      this.#backoff.failed(now);
      this.#lastError = error.message;
      const servingStale = this.#trusted() !== undefined;
      const nextAttemptAt = (now + this.#attemptIn()) / 1000;
      tellKeysFailed({ issuer, error, servingStale, nextAttemptAt, durationMs: performance.now() - began });
    }
  }

  /** With one quick retry, for a connection that broke or a Logto that was just restarting. */
  async #fetch(signal: AbortSignal): Promise<Fetched> {
    const { jwksUri, fetch } = this.#options;
    const attempt = async () => ({ startedAt: Date.now(), keys: await fetchJwks(jwksUri, fetch, signal) });
    try {
      return await attempt();
    } catch (error) {
      await sleep(100 + Math.random() * 200, undefined, { signal }).catch(() => {});
      if (signal.aborted) throw error;
      return attempt().catch((again) => {
        // Cut short, the second try has nothing to say that the first one has not.
        throw signal.aborted ? error : again;
      });
    }
  }

  /** A key that stayed the same stays the same object, and with it every token that it has verified. */
  #adopt({ keys: fetched, startedAt }: Fetched): readonly string[] {
    const keys = new Map<string, VerificationKey>();
    for (const [kid, key] of fetched) {
      const held = this.#keys?.get(kid);
      keys.set(kid, held?.equals(key) ? held : key);
    }
    this.#keys = keys;
    this.#fetchedAt = startedAt;
    this.#lastError = undefined;
    this.#backoff.succeeded();
    return [...keys.keys()];
  }
}

interface Fetched {
  readonly keys: Keys;
  /** From when their age counts. */
  readonly startedAt: number;
}

/**
 * Waits for a promise that never rejects, no longer than until the deadline; tells whether it was settled.
 *
 * @param deadline - by `performance.now()`, which no one sets
 */
async function until(promise: Promise<void>, deadline: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, deadline - performance.now()), false);
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
