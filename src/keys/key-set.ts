import { publishKeysFailed, publishKeysRefreshed } from '../diagnostics.js';
import { Refusal } from '../refusal.js';
import { settledBy, unreferenced } from '../util/promises.js';
import { asError } from '../util/thrown.js';
import { Backoff } from './backoff.js';
import { fetchKeys } from './fetch-jwks.js';
import { HeldKeys } from './held-keys.js';
import { type KeyHealth, type KeySource, unknownKey, withdrawnKey } from './key-source.js';
import type { FetchedKeys, KeyStore } from './key-store.js';
import { RefreshPace } from './refresh-pace.js';
import { UnknownKids } from './unknown-kids.js';
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
  /** The maximum number of tokens that wait at once for a key that is not held. */
  readonly maxPending: number;
  readonly store: KeyStore | undefined;
}

/** A running refresh, shared by all requests that wait for it. Neither promise rejects. */
interface Refresh {
  /** Resolves when there are usable keys, or when it is certain that there will be none. */
  readonly served: Promise<unknown>;
  /** Resolves when Logto has responded, or when it is certain that it will not. */
  readonly done: Promise<unknown>;
}

/**
 * One issuer's keys, fetched when first needed and kept through outages. No timer runs while no request waits: each
 * request starts a refresh if one is due. HTTP caching headers have no effect, since Logto forbids caching its keys.
 *
 * No known library provides this. jose's remote key set drops its keys after ten minutes, refreshes while callers
 * wait, and does not back off from an unavailable Logto. Its local key set matches keys by more than the `kid`, and
 * returns no object whose identity reveals a withdrawn key. lru-cache's `fetchMethod` with `allowStale` serves during
 * a refresh, but has only one age: no wait after idle time, no limit of staleness or for unknown kids, no backoff.
 */
export class KeySet implements KeySource {
  readonly #options: KeySetOptions;
  readonly #backoff = new Backoff();
  readonly #pace: RefreshPace;
  readonly #unknown: UnknownKids;
  readonly #held: HeldKeys;
  #lastError: Error | undefined;
  #refreshing: Refresh | undefined;
  /** The number of refreshes that have begun. */
  #begun = 0;
  /** Runs while a refresh for unknown key ids is not due yet. */
  #timer: NodeJS.Timeout | undefined;

  constructor(options: KeySetOptions) {
    this.#options = options;
    this.#held = new HeldKeys(options.times.maxAge + options.times.maxStale);
    this.#pace = new RefreshPace(options.times.cooldown / 10);
    this.#unknown = new UnknownKids(options.maxPending);
  }

  current(now: number): Keys | undefined {
    const age = this.#held.age(now);
    if (age < this.#options.times.maxAge) return this.#held.keys;
    const keys = this.#held.trusted(now);
    if (keys === undefined || !this.#mayServeAtOnce(age)) return undefined;
    if (this.#attemptIn() === 0) void this.#refresh();
    return keys;
  }

  async usable(deadline = performance.now() + this.#options.times.timeout): Promise<Keys | Refusal> {
    const keys = this.current(Date.now());
    if (keys !== undefined) return keys;
    if (this.#refreshing !== undefined || this.#attemptIn() === 0)
      await settledBy(this.#refresh().served, deadline);
    return this.#held.trusted() ?? this.#unavailable();
  }

  async find(kid: string, onUnknown?: () => void): Promise<VerificationKey | Refusal> {
    const deadline = performance.now() + this.#options.times.timeout;
    const begunBefore = this.#begun;
    if (!this.lacks(kid)) {
      const keys = await this.usable(deadline);
      if (keys instanceof Refusal) return keys;
      const outcome = keys.get(kid) ?? this.#refusalAfterRefresh(kid, begunBefore);
      if (outcome !== undefined) return outcome;
    }
    onUnknown?.();
    return this.#findUnknown(kid, begunBefore, deadline);
  }

  lacks(kid: string): boolean {
    return this.#held.trusted()?.has(kid) === false;
  }

  checkKey(key: VerificationKey): Refusal | undefined {
    const keys = this.#held.trusted();
    if (keys === undefined) return this.#unavailable();
    return keys.get(key.kid) === key ? undefined : withdrawnKey(key.kid, this.#options.issuer);
  }

  health(): KeyHealth {
    const { fetchedAt } = this.#held;
    return {
      issuer: this.#options.issuer,
      keyIds: [...(this.#held.trusted()?.keys() ?? [])],
      ...(fetchedAt !== undefined && { fetchedAt: fetchedAt.wall / 1000 }),
      stale: fetchedAt !== undefined && fetchedAt.age() >= this.#options.times.maxAge,
      ...(this.#held.ignored.length > 0 && { ignoredKeys: this.#held.ignored }),
      ...(this.#lastError !== undefined && {
        lastError: this.#lastError.message,
        nextAttemptAt: (Date.now() + this.#attemptIn()) / 1000,
      }),
    };
  }

  /** Waits for the next refresh: Logto may just have rotated its keys. */
  async #findUnknown(kid: string, begunBefore: number, deadline: number): Promise<VerificationKey | Refusal> {
    if (this.#unknown.isAbsent(kid)) return this.#unknownKey(kid);
    const now = performance.now();
    // A running refresh may bring the key, although it began before the token arrived.
    if (this.#refreshing === undefined && now + this.#pace.remaining(now) >= deadline)
      return this.#notAskedYet();
    const outcome = this.#unknown.wait(kid, begunBefore, deadline, {
      crowdedOut: () => crowdedOut(this.#unknown.size, this.#pace.remaining(performance.now())),
      late: () => this.#unavailable(undefined, this.#pace.remaining(performance.now())),
    });
    this.#askForUnknown();
    return outcome;
  }

  /** Starts a refresh for the waiting tokens, now or when it is due. */
  #askForUnknown(): void {
    if (this.#unknown.size === 0 || this.#timer !== undefined) return;
    const wait = this.#pace.remaining(performance.now());
    if (wait === 0) {
      // In a microtask, so that all tokens that arrive at the same time share it.
      void Promise.resolve().then(() => this.#refresh(true));
      return;
    }
    const ask = () => {
      this.#timer = undefined;
      this.#askForUnknown();
    };
    // The waiting tokens keep the process alive, each with its own timer.
    this.#timer = unreferenced(setTimeout(ask, Math.ceil(wait)));
  }

  /** The refusal if the last refresh did not bring the key, began after the token arrived, and has ended. */
  #refusalAfterRefresh(kid: string, begunBefore: number): Refusal | undefined {
    if (this.#refreshing !== undefined || this.#begun === begunBefore) return undefined;
    if (this.#backoff.failing) return this.#unavailable(undefined, this.#pace.remaining(performance.now()));
    this.#unknown.rememberAbsent(kid);
    return this.#unknownKey(kid);
  }

  #unknownKey(kid: string): Refusal {
    return unknownKey(kid, this.#options.issuer, this.#held.trusted() ?? new Map());
  }

  /**
   * Whether keys older than `maxAge` are used without waiting: up to twice `maxAge` they are. Beyond that the process
   * was idle, and a key may have been withdrawn long ago, so a request waits for one refresh. During an outage it
   * does not wait: refreshes fail one after another, and each would delay all requests that arrive meanwhile.
   */
  #mayServeAtOnce(age: number): boolean {
    return age < 2 * this.#options.times.maxAge || this.#backoff.failedLately(performance.now());
  }

  #attemptIn(): number {
    return this.#backoff.remaining(performance.now(), this.#held.trusted() !== undefined);
  }

  /** @param retryIn - in milliseconds */
  #unavailable(why = 'no response arrived in time', retryIn = this.#attemptIn()): Refusal {
    const hint = `The keys of ${this.#options.issuer} are not available: ${this.#lastError?.message ?? why}.`;
    const retryAfter = Math.max(1, Math.ceil(retryIn / 1000));
    return new Refusal('keys_unavailable', hint, { retryAfter, cause: this.#lastError });
  }

  #notAskedYet(): Refusal {
    return this.#unavailable(
      'the next request to Logto for unknown keys is not due yet',
      this.#pace.remaining(performance.now()),
    );
  }

  #refresh(isForUnknown = false): Refresh {
    this.#refreshing ??= this.#beginRefresh(isForUnknown);
    return this.#refreshing;
  }

  #beginRefresh(isForUnknown: boolean): Refresh {
    const begunAt = performance.now();
    this.#begun += 1;
    this.#pace.begin(begunAt);
    // The store is read only if this process has no keys. Otherwise its own keys stay in use until Logto responds.
    const stored = this.#held.trusted() === undefined ? this.#options.store?.read() : undefined;
    const done = this.#fetchAndAdopt(stored).then((hasNew) => {
      this.#refreshing = undefined;
      if (hasNew) this.#pace.endWithNewKey();
      else if (isForUnknown) this.#pace.endInVain();
      const keys = this.#held.trusted();
      this.#unknown.settle(
        begunAt,
        (kid, begunBefore) => keys?.get(kid) ?? this.#refusalAfterRefresh(kid, begunBefore),
      );
      this.#askForUnknown();
    });
    const served = stored?.then((entry) => (this.#adoptIfFresh(entry) ? undefined : done));
    return { done, served: served === undefined ? done : Promise.race([served, done]) };
  }

  /** Never rejects. @returns whether the refresh brought a key that was not held */
  async #fetchAndAdopt(stored: Promise<FetchedKeys | undefined> | undefined): Promise<boolean> {
    const { issuer, jwksUri, fetch, times, store } = this.#options;
    const began = performance.now();
    try {
      // Slightly shorter than a request waits, so that the request receives the result of the refresh.
      const limit = times.timeout - Math.min(times.timeout / 10, 100);
      const fetched = await fetchKeys(jwksUri, fetch, AbortSignal.timeout(Math.ceil(limit)));
      const hasNew = this.#held.adopt(fetched);
      this.#lastError = undefined;
      this.#backoff.succeeded();
      store?.write(fetched);
      const durationMs = performance.now() - began;
      publishKeysRefreshed({ issuer, keyIds: [...fetched.keys.keys()], durationMs });
      return hasNew;
    } catch (thrown) {
      this.#held.adoptStored(await stored);
      this.#backoff.failed(performance.now());
      this.#lastError = asError(thrown);
      const servingStale = this.#held.trusted() !== undefined;
      const nextAttemptAt = (Date.now() + this.#attemptIn()) / 1000;
      const durationMs = performance.now() - began;
      publishKeysFailed({ issuer, error: this.#lastError, servingStale, nextAttemptAt, durationMs });
      return false;
    }
  }

  /** Uses an entry of the store younger than `maxAge` at once; an older one only if Logto does not respond. */
  #adoptIfFresh(entry: FetchedKeys | undefined): boolean {
    if (entry === undefined || entry.startedAt.age() >= this.#options.times.maxAge) return false;
    this.#held.adoptStored(entry);
    return true;
  }
}

function crowdedOut(waiting: number, retryIn: number): Refusal {
  const hint = `${waiting} requests are waiting for keys that are not held: see maxPending.`;
  return new Refusal('overloaded', hint, { retryAfter: Math.max(1, Math.ceil(retryIn / 1000)) });
}
