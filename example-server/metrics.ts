import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type {
  AuthErrorReason,
  AuthHealth,
  AuthorizedMessage,
  DeniedMessage,
  KeyHealth,
  KeysFailedMessage,
  KeysRefreshedMessage,
  LogtoAuth,
} from 'express-logto-m2m';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

// The compiler requires every reason. Each series exists from the start, since Prometheus does not see the first
// increment of a series that begins with it.
const reasons: Record<AuthErrorReason, true> = {
  no_token: true,
  malformed: true,
  not_jwt: true,
  algorithm: true,
  type: true,
  issuer: true,
  audience: true,
  expired: true,
  not_yet_valid: true,
  claims: true,
  unknown_key: true,
  signature: true,
  revoked: true,
  sender_constrained: true,
  machine: true,
  organization: true,
  scope: true,
  keys_unavailable: true,
  overloaded: true,
  revocation_unavailable: true,
};

/**
 * Counts for Prometheus what the package publishes on its diagnostics channels, and shows the state of `health()`.
 * The channels belong to the process, so a process needs one `Metrics` for all of its apps.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #listeners: (readonly [channel: string, listener: (message: unknown) => void])[] = [];

  /** @param auths - all instances of the process */
  constructor(...auths: readonly LogtoAuth[]) {
    this.#countDecisions();
    this.#countKeyRefreshes(auths.flatMap((auth) => auth.health().issuers.map(({ issuer }) => issuer)));
    this.#showState(auths);
  }

  /** The media type of the text. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Returns all metrics in the text format of Prometheus. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** Stops counting. */
  close(): void {
    for (const [channel, listener] of this.#listeners.splice(0)) unsubscribe(channel, listener);
  }

  #countDecisions(): void {
    const decisions = new Counter({
      name: 'logto_m2m_decisions_total',
      help: 'Accepted tokens (decision="authorized", reason="") and refused requests (decision="denied"), by reason.',
      // Not by caller: each caller would create a series.
      labelNames: ['decision', 'reason'],
      registers: [this.#registry],
    });
    decisions.inc({ decision: 'authorized', reason: '' }, 0);
    for (const reason of Object.keys(reasons)) decisions.inc({ decision: 'denied', reason }, 0);
    this.#listen<AuthorizedMessage>('authorized', () =>
      decisions.inc({ decision: 'authorized', reason: '' }),
    );
    this.#listen<DeniedMessage>('denied', ({ error: { reason } }) =>
      decisions.inc({ decision: 'denied', reason }),
    );
  }

  #countKeyRefreshes(issuers: readonly string[]): void {
    const registers = [this.#registry];
    const refreshes = new Counter({
      name: 'logto_m2m_key_refreshes_total',
      help: "The number of times that an issuer's keys were fetched.",
      labelNames: ['issuer'],
      registers,
    });
    const failures = new Counter({
      name: 'logto_m2m_key_refresh_failures_total',
      help: "The number of times that an issuer's keys could not be fetched, by whether older keys are used.",
      labelNames: ['issuer', 'serving_stale'],
      registers,
    });
    const duration = new Histogram({
      name: 'logto_m2m_key_refresh_duration_seconds',
      help: 'The duration of a fetch of keys, successful or not.',
      labelNames: ['issuer'],
      // Up to the default of jwksCache.timeout.
      buckets: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    });
    for (const issuer of issuers) {
      refreshes.inc({ issuer }, 0);
      for (const stale of ['true', 'false']) failures.inc({ issuer, serving_stale: stale }, 0);
      duration.zero({ issuer });
    }
    this.#listen<KeysRefreshedMessage>('keys-refreshed', ({ issuer, durationMs }) => {
      refreshes.inc({ issuer });
      duration.observe({ issuer }, durationMs / 1000);
    });
    this.#listen<KeysFailedMessage>('keys-failed', ({ issuer, servingStale, durationMs }) => {
      failures.inc({ issuer, serving_stale: String(servingStale) });
      duration.observe({ issuer }, durationMs / 1000);
    });
  }

  /**
   * Reads `health()` at each scrape, since the age of keys changes without a message. If two instances have the same
   * issuer, the worse value is shown.
   */
  #showState(auths: readonly LogtoAuth[]): void {
    const registers = [this.#registry];
    const worst = (valueIn: (issuer: KeyHealth) => number | undefined) => {
      const values = new Map<string, number>();
      for (const state of auths.flatMap((auth) => auth.health().issuers)) {
        const value = valueIn(state);
        if (value === undefined) continue;
        values.set(state.issuer, Math.min(value, values.get(state.issuer) ?? value));
      }
      return values;
    };
    new Gauge({
      name: 'logto_m2m_keys_ready',
      help: 'Whether an issuer has usable keys: 1 or 0.',
      labelNames: ['issuer'],
      registers,
      collect() {
        for (const [issuer, ready] of worst(({ keyIds }) => Number(keyIds.length > 0))) {
          this.set({ issuer }, ready);
        }
      },
    });
    new Gauge({
      name: 'logto_m2m_keys_age_seconds',
      help: "The time since an issuer's keys were fetched. It grows while the API receives no requests.",
      labelNames: ['issuer'],
      registers,
      collect() {
        this.reset();
        for (const [issuer, fetchedAt] of worst((state) => state.fetchedAt)) {
          this.set({ issuer }, Math.max(0, Date.now() / 1000 - fetchedAt));
        }
      },
    });
    const sumOf = (count: keyof AuthHealth['tokenCache']) =>
      auths.reduce((sum, auth) => sum + auth.health().tokenCache[count], 0);
    new Gauge({
      name: 'logto_m2m_token_cache_size',
      help: 'The number of cached tokens.',
      registers,
      collect() {
        this.set(sumOf('size'));
      },
    });
    for (const [name, count, help] of [
      ['logto_m2m_token_cache_hits_total', 'hits', 'Tokens that were found in the cache.'],
      ['logto_m2m_token_cache_misses_total', 'misses', 'Tokens that had to be verified.'],
    ] as const) {
      new Counter({
        name,
        help,
        registers,
        collect() {
          this.reset();
          this.inc(sumOf(count));
        },
      });
    }
  }

  #listen<Message>(name: string, receive: (message: Message) => void): void {
    const entry = [`express-logto-m2m:${name}`, (message: unknown) => receive(message as Message)] as const;
    subscribe(...entry);
    this.#listeners.push(entry);
  }
}
