import { setTimeout as sleep } from 'node:timers/promises';
import { tellKeysFailed, tellKeysRefreshed } from '../diagnostics.js';
import { asError, Refusal } from '../errors.js';
import { settledBy } from '../promises.js';
import { Backoff } from './backoff.js';
import { fetchJwks } from './fetch-jwks.js';
import { type KeyHealth, type KeySource, unknownKey, withdrawnKey } from './key-source.js';
import type { FetchedKeys, KeyStore } from './key-store.js';
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
  readonly store?: KeyStore | undefined;
}

/** A refresh under way, shared by all who wait for it. Neither promise rejects. */
interface Refresh {
  /** There are keys that may be used, or there will be none. */
  readonly served: Promise<void>;
  /** Logto has answered, or it will not. */
  readonly done: Promise<void>;
}

/**
 * One issuer's keys, fetched when first needed and kept through outages. No timer runs between requests: each
 * request looks at the age of the keys and starts what is due. HTTP caching headers do not steer it, since
 * Logto forbids any caching of its keys.
 *
 * No library that we know does this for us. jose's remote key set forgets its keys after ten minutes, asks
 * while callers wait, and keeps no distance from a Logto that is down; its local one finds keys by more than
 * the `kid`, and gives no object by whose identity a withdrawn key is known. lru-cache's `fetchMethod` with
 * `allowStale` serves while it asks, but knows one age only: no wait after a long silence, no end to staleness,
 * no backoff, no limit for unknown kids.
 */
export class KeySet implements KeySource {
  readonly #options: KeySetOptions;
  readonly #backoff = new Backoff();
  readonly #budget: RefreshBudget;
  #keys: Keys | undefined;
  /** When the fetch that brought the keys began; by the wall clock, as is every age here. */
  #fetchedAt = 0;
  #lastError: Error | undefined;
  #refreshing: Refresh | undefined;
  /** How many refreshes have begun. */
  #begun = 0;

  constructor(options: KeySetOptions) {
    this.#options = options;
    this.#budget = new RefreshBudget(options.times.cooldown / 5);
  }

  current(now: number): Keys | undefined {
    const keys = this.#keys;
    if (keys === undefined) return undefined;
    const age = now - this.#fetchedAt;
    if (age >= 0 && age < this.#options.times.maxAge) return keys;
    return this.#mayServeAtOnce(age) ? this.#refreshedBehind(keys) : undefined;
  }

  async usable(deadline = performance.now() + this.#options.times.timeout): Promise<Keys | Refusal> {
    const keys = this.current(Date.now());
    if (keys !== undefined) return keys;
    if (this.#refreshing !== undefined || this.#attemptIn() === 0)
      await settledBy(this.#refresh().served, deadline);
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

  disowns(key: VerificationKey): Refusal | undefined {
    const keys = this.#trusted();
    if (keys === undefined) return this.#unavailable();
    return keys.get(key.kid) === key ? undefined : withdrawnKey(key.kid, this.#options.issuer);
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
        lastError: this.#lastError.message,
        nextAttemptAt: (now + this.#attemptIn()) / 1000,
      }),
    };
  }

  /** Asks Logto for a key that is not held: it may have rotated its keys a moment ago. */
  async #findUnknown(kid: string, begunBefore: number, deadline: number): Promise<VerificationKey | Refusal> {
    // A refresh that began before this request came may bring the key, but it may also have missed the
    // rotation: a key that it does not bring is not thereby unknown.
    const earlier = this.#begun === begunBefore ? this.#refreshing : undefined;
    if (earlier !== undefined && !(await settledBy(earlier.done, deadline))) return this.#unavailable();
    if (!this.#keys?.has(kid)) {
      const asked = this.#begun > begunBefore;
      const refresh = asked ? this.#refreshing : this.#budget.take(Date.now()) ? this.#refresh() : undefined;
      if (refresh !== undefined && !(await settledBy(refresh.done, deadline))) return this.#unavailable();
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
    if (this.#attemptIn() === 0) void this.#refresh();
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
    const hint = `The keys of ${issuer} cannot be had: ${this.#lastError?.message ?? 'no answer came in time'}.`;
    return new Refusal('keys_unavailable', hint, {
      retryAfter: Math.max(1, Math.ceil(this.#attemptIn() / 1000)),
      cause: this.#lastError,
    });
  }

  #refresh(): Refresh {
    this.#refreshing ??= this.#beginRefresh();
    return this.#refreshing;
  }

  #beginRefresh(): Refresh {
    this.#begun += 1;
    // The store is for a process that has nothing; one that has keys knows as much as the store, or more.
    const stored = this.#trusted() === undefined ? this.#options.store?.read() : undefined;
    const done = this.#fetchAndAdopt(stored).finally(() => {
      this.#refreshing = undefined;
    });
    const served = stored?.then((entry) => (this.#adoptIfFresh(entry) ? undefined : done));
    return { done, served: served === undefined ? done : Promise.race([served, done]) };
  }

  async #fetchAndAdopt(stored: Promise<FetchedKeys | undefined> | undefined): Promise<void> {
    const { issuer, times, store } = this.#options;
    const began = performance.now();
    try {
      // A little less than a request waits, so that it learns what came of what it waited for.
      const limit = times.timeout - Math.min(times.timeout / 10, 100);
      const fetched = await this.#fetch(AbortSignal.timeout(Math.ceil(limit)));
      this.#adopt(fetched);
      this.#lastError = undefined;
      this.#backoff.succeeded();
      store?.write(fetched);
      const keyIds = [...fetched.keys.keys()];
      tellKeysRefreshed({ issuer, keyIds, durationMs: performance.now() - began });
    } catch (thrown) {
      const error = asError(thrown);
      this.#adoptStored(await stored);
      const now = Date.now();
      this.#backoff.failed(now);
      this.#lastError = error;
      const servingStale = this.#trusted() !== undefined;
      const nextAttemptAt = (now + this.#attemptIn()) / 1000;
      tellKeysFailed({ issuer, error, servingStale, nextAttemptAt, durationMs: performance.now() - began });
    }
  }

  /** An entry of the store younger than `maxAge` serves at once; an older one only when Logto does not answer. */
  #adoptIfFresh(entry: FetchedKeys | undefined): boolean {
    if (entry === undefined || Date.now() - entry.startedAt >= this.#options.times.maxAge) return false;
    this.#adoptStored(entry);
    return true;
  }

  /** Never in the place of keys that came in the meantime: a withdrawn one would come back from the dead. */
  #adoptStored(entry: FetchedKeys | undefined): void {
    if (entry !== undefined && this.#trusted() === undefined) this.#adopt(entry);
  }

  /** With one quick retry, for a connection that broke or a Logto that was just restarting. */
  async #fetch(signal: AbortSignal): Promise<FetchedKeys> {
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
  #adopt({ keys: fetched, startedAt }: FetchedKeys): void {
    const keys = new Map<string, VerificationKey>();
    for (const [kid, key] of fetched) {
      const held = this.#keys?.get(kid);
      keys.set(kid, held?.equals(key) ? held : key);
    }
    this.#keys = keys;
    this.#fetchedAt = startedAt;
  }
}
