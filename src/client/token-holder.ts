import { keepingProcessAlive, settledBy } from '../util/promises.js';
import { publishScopesMissing, publishTokenFailed } from './diagnostics.js';
import type { GrantedToken } from './granted-token.js';
import { LastFailure } from './last-failure.js';
import { M2MClientError } from './m2m-client-error.js';
import { adviceOnMissing } from './missing-scopes.js';
import { obtainToken } from './obtain-token.js';
import type { ClientSettings } from './options.js';
import { SharedToken } from './shared-token.js';
import { TokenFailure, unreachable } from './token-failure.js';

/** A call waits for the next token if less lifetime remains, in seconds: the token could expire in transit. */
const TOO_SHORT = 5;
/** The longest such wait, in milliseconds. */
const MAX_WAIT = 1_000;
/** How far the clock may have been set back since a token was issued, in seconds. */
const SET_BACK = 30;
/** The minimum interval between early replacements of tokens that an API refused, in milliseconds. */
const RENEWAL = 30_000;

/** Caches one token and renews it before it expires. Concurrent calls share one request. */
export class TokenHolder {
  readonly #settings: ClientSettings;
  readonly #shared: SharedToken | undefined;
  #held: GrantedToken | undefined;
  #refreshing: Promise<GrantedToken | TokenFailure> | undefined;
  #failure: LastFailure | undefined;
  #renewedAt = Number.NEGATIVE_INFINITY;

  constructor(settings: ClientSettings) {
    this.#settings = settings;
    this.#shared = settings.store && new SharedToken(settings.store, settings);
  }

  /** @throws M2MClientError if no valid token is cached and Logto issues none */
  async get(): Promise<GrantedToken> {
    const held = this.#valid();
    if (held === undefined) return this.#wait();
    if (this.#isFresh(held) || !this.#mayTry(true)) return held;
    // Refreshed early, so that no caller waits at expiry. If the refresh fails, the held token is still returned.
    const refreshing = this.#refresh();
    if (!expiresSoon(held)) return held;
    await settledBy(refreshing, performance.now() + MAX_WAIT);
    // It may have expired during the wait.
    return this.#valid() ?? this.#wait();
  }

  async #wait(): Promise<GrantedToken> {
    const outcome = this.#mayTry(false)
      ? await keepingProcessAlive(this.#refresh())
      : (this.#failure?.outcome as TokenFailure);
    if (outcome instanceof TokenFailure) throw outcome.error;
    return outcome;
  }

  /**
   * Returns a token other than the one that an API refused; undefined if Logto issues none, or if one was requested
   * recently: an API that refuses every token must not cause a token request for each call.
   */
  async renew(refused: string): Promise<GrantedToken | undefined> {
    const held = this.#valid();
    if (held !== undefined && held.token !== refused) return held;
    if (this.#refreshing === undefined) {
      const now = performance.now();
      if (now - this.#renewedAt < RENEWAL || !this.#mayTry(false)) return undefined;
      this.#renewedAt = now;
    }
    const outcome = await keepingProcessAlive(this.#refresh(refused));
    return outcome instanceof TokenFailure || outcome.token === refused ? undefined : outcome;
  }

  #valid(): GrantedToken | undefined {
    const held = this.#held;
    return held !== undefined && Date.now() / 1000 < held.expiresAt ? held : undefined;
  }

  /** Whether the token is not due for replacement. A short-lived token is replaced halfway through its life. */
  #isFresh(token: GrantedToken): boolean {
    const { issuedAt, expiresAt } = token;
    const before = Math.min(this.#settings.refreshBefore, (expiresAt - issuedAt) / 2);
    const now = Date.now() / 1000;
    return now < expiresAt - before && now >= issuedAt - SET_BACK && !expiresSoon(token);
  }

  #mayTry(isServed: boolean): boolean {
    return this.#refreshing !== undefined || this.#failure?.mayTryAgain(isServed) !== false;
  }

  #refresh(refused?: string): Promise<GrantedToken | TokenFailure> {
    this.#refreshing ??= this.#next(refused).finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** Never rejects: an unhandled rejection would end the process. */
  async #next(refused: string | undefined): Promise<GrantedToken | TokenFailure> {
    const outcome = await this.#obtain(refused).catch((error) => unreachable(this.#settings, error));
    if (outcome instanceof TokenFailure) {
      this.#failure = new LastFailure(outcome, this.#failure);
      const { error } = outcome;
      const servesUntil = this.#valid()?.expiresAt;
      publishTokenFailed({
        appId: this.#settings.appId,
        error,
        ...(servesUntil !== undefined && { servesUntil }),
      });
    } else {
      this.#failure = undefined;
      this.#held = outcome;
    }
    return outcome;
  }

  /** Obtains a token from the other replicas, if a store is set, otherwise from Logto. */
  async #obtain(refused: string | undefined): Promise<GrantedToken | TokenFailure> {
    const timeout = this.#settings.timeout * 1000;
    const began = performance.now();
    const ask = () => this.#fromLogto(began + timeout);
    if (this.#shared === undefined) return ask();
    const isUseful = (token: GrantedToken) => token.token !== refused && this.#isFresh(token);
    // Half of the time is reserved for Logto, however long store and replicas take.
    return this.#shared.obtain(isUseful, ask, began + timeout / 2);
  }

  async #fromLogto(deadline: number): Promise<GrantedToken | TokenFailure> {
    const outcome = await obtainToken(this.#settings, deadline);
    if (outcome instanceof TokenFailure) return outcome;
    const missing = this.#settings.scopes.filter((scope) => !outcome.scopes.includes(scope));
    if (missing.length > 0) this.#publishMissing(missing);
    return outcome;
  }

  #publishMissing(missingScopes: readonly string[]): void {
    const hint = adviceOnMissing(missingScopes, this.#settings);
    const message = 'Logto granted fewer scopes than requested.';
    const error = new M2MClientError('scopes_missing', message, { hint, missingScopes });
    publishScopesMissing({ appId: this.#settings.appId, error });
  }
}

function expiresSoon({ issuedAt, expiresAt }: GrantedToken): boolean {
  return Date.now() / 1000 >= expiresAt - Math.min(TOO_SHORT, (expiresAt - issuedAt) / 10);
}
