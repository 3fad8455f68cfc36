import { settledBy } from '../promises.js';
import { tellScopesMissing, tellTokenFailed } from './diagnostics.js';
import { hintForMissing } from './hints.js';
import { M2MClientError } from './m2m-client-error.js';
import { obtainToken } from './obtain-token.js';
import type { ClientSettings } from './options.js';
import { SharedToken } from './shared-token.js';
import { type GrantedToken, TokenFailure } from './token-request.js';

/** A token that ends so soon, in seconds, might end on its way: who can have a new one waits for it. */
const TOO_SHORT = 5;
/** For no longer than that, in milliseconds. */
const MOMENT = 1_000;
/** After a failure the next attempt, in milliseconds: soon where nobody is served, else with growing distance. */
const AFTER_FAILURE = 1_000;
const LONGEST = 30_000;
/** How often, in milliseconds, a token that an API refuses may be replaced ahead of time. */
const RENEWAL = 30_000;

/** Keeps one token, and has the next one in time. Who comes at once shares one request. */
export class TokenHolder {
  readonly #settings: ClientSettings;
  readonly #shared: SharedToken | undefined;
  #held: GrantedToken | undefined;
  #refreshing: Promise<GrantedToken | TokenFailure> | undefined;
  #failure: { readonly outcome: TokenFailure; readonly at: number; readonly count: number } | undefined;
  #renewedAt = Number.NEGATIVE_INFINITY;

  constructor(settings: ClientSettings) {
    this.#settings = settings;
    this.#shared = settings.store && new SharedToken(settings.store, settings);
  }

  /** @throws M2MClientError where none is held that still lives, and Logto gives none */
  async get(): Promise<GrantedToken> {
    const held = this.#living();
    if (held === undefined) return this.#wait();
    if (this.#isFresh(held) || !this.#mayTry(true)) return held;
    // Ahead of time, so that no caller waits when it ends; and where that fails, this one is no failure.
    const refreshing = this.#refresh();
    return endsSoon(held) ? bestWithin(refreshing, held) : held;
  }

  async #wait(): Promise<GrantedToken> {
    const outcome = this.#mayTry(false) ? await this.#refresh() : (this.#failure?.outcome as TokenFailure);
    if (outcome instanceof TokenFailure) throw outcome.error;
    return outcome;
  }

  /**
   * Another token than this one, which an API has refused: undefined where there is none, or where one was asked for
   * not long ago. So an API that refuses everything cannot make every call a request to Logto.
   */
  async renew(refused: string): Promise<GrantedToken | undefined> {
    const held = this.#living();
    if (held !== undefined && held.token !== refused) return held;
    if (this.#refreshing === undefined) {
      const now = performance.now();
      if (now - this.#renewedAt < RENEWAL) return undefined;
      this.#renewedAt = now;
    }
    const outcome = await this.#refresh(refused);
    return outcome instanceof TokenFailure || outcome.token === refused ? undefined : outcome;
  }

  #living(): GrantedToken | undefined {
    const held = this.#held;
    return held !== undefined && Date.now() / 1000 < held.expiresAt ? held : undefined;
  }

  /** Whether it need not be replaced yet. One that lives shortly is replaced in the middle of its life. */
  #isFresh({ issuedAt, expiresAt }: GrantedToken): boolean {
    const before = Math.min(this.#settings.refreshBefore, (expiresAt - issuedAt) / 2);
    const now = Date.now() / 1000;
    return now < expiresAt - before && now >= issuedAt - LONGEST / 1000;
  }

  #mayTry(isServed: boolean): boolean {
    if (this.#failure === undefined || this.#refreshing !== undefined) return true;
    const { at, count } = this.#failure;
    const wait = isServed ? Math.min(LONGEST, AFTER_FAILURE * 2 ** Math.min(count, 10)) : AFTER_FAILURE;
    return performance.now() - at >= wait;
  }

  #refresh(refused?: string): Promise<GrantedToken | TokenFailure> {
    this.#refreshing ??= this.#next(refused).finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #next(refused: string | undefined): Promise<GrantedToken | TokenFailure> {
    const outcome = (await this.#fromOthers(refused)) ?? (await this.#fromLogto());
    if (outcome instanceof TokenFailure) {
      this.#failure = { outcome, at: performance.now(), count: (this.#failure?.count ?? 0) + 1 };
      const { error } = outcome;
      const servesUntil = this.#living()?.expiresAt;
      tellTokenFailed({
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

  /** A token that another replica got, or is about to get. */
  async #fromOthers(refused: string | undefined): Promise<GrantedToken | undefined> {
    const isUseful = (token: GrantedToken) => token.token !== refused && this.#isFresh(token);
    const found = await this.#shared?.read();
    if (found !== undefined && isUseful(found)) return found;
    return this.#shared?.awaitTurn(isUseful);
  }

  async #fromLogto(): Promise<GrantedToken | TokenFailure> {
    const outcome = await obtainToken(this.#settings);
    if (outcome instanceof TokenFailure) return outcome;
    this.#shared?.write(outcome);
    const missing = this.#settings.scopes.filter((scope) => !outcome.scopes.includes(scope));
    if (missing.length > 0) this.#tellMissing(missing);
    return outcome;
  }

  #tellMissing(missingScopes: readonly string[]): void {
    const hint = hintForMissing(missingScopes, this.#settings);
    const message = 'Logto granted less than was asked for.';
    const error = new M2MClientError('scopes_missing', message, { hint, missingScopes });
    tellScopesMissing({ appId: this.#settings.appId, error });
  }
}

function endsSoon({ issuedAt, expiresAt }: GrantedToken): boolean {
  return Date.now() / 1000 >= expiresAt - Math.min(TOO_SHORT, (expiresAt - issuedAt) / 10);
}

/** The next token, if it comes in a moment, and else the one that is held. */
async function bestWithin(
  refreshing: Promise<GrantedToken | TokenFailure>,
  held: GrantedToken,
): Promise<GrantedToken> {
  let best = held;
  const settling = refreshing.then((outcome) => {
    if (!(outcome instanceof TokenFailure)) best = outcome;
  });
  await settledBy(settling, performance.now() + MOMENT);
  return best;
}
