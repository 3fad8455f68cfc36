import type { AuthHealth, LogtoAuth } from 'express-logto-m2m';
import { Counter, Gauge, type Registry } from 'prom-client';

/**
 * Shows what no message tells, since time alone changes it: the keys' age, and whether they may be used. It is asked
 * of `health()` whenever Prometheus scrapes. Where two instances have the same issuer, the worse of them is shown.
 */
export function showState(registry: Registry, auths: readonly LogtoAuth[]): void {
  const registers = [registry];
  const issuers = () => auths.flatMap((auth) => auth.health().issuers);
  const cached = (count: keyof AuthHealth['tokenCache']) =>
    auths.reduce((sum, auth) => sum + auth.health().tokenCache[count], 0);

  new Gauge({
    name: 'logto_m2m_keys_ready',
    help: "Whether an issuer's keys are there and may be used, old ones too: 1 or 0.",
    labelNames: ['issuer'],
    registers,
    collect() {
      const ready = new Map<string, boolean>();
      for (const { issuer, keyIds } of issuers()) {
        ready.set(issuer, (ready.get(issuer) ?? true) && keyIds.length > 0);
      }
      for (const [issuer, isReady] of ready) this.set({ issuer }, Number(isReady));
    },
  });
  new Gauge({
    name: 'logto_m2m_keys_age_seconds',
    help: "How long ago an issuer's keys were fetched. An API that nobody calls does not refresh them.",
    labelNames: ['issuer'],
    registers,
    collect() {
      this.reset();
      const fetched = new Map<string, number>();
      for (const { issuer, fetchedAt } of issuers()) {
        if (fetchedAt !== undefined)
          fetched.set(issuer, Math.min(fetched.get(issuer) ?? fetchedAt, fetchedAt));
      }
      for (const [issuer, at] of fetched) this.set({ issuer }, Math.max(0, Date.now() / 1000 - at));
    },
  });
  new Gauge({
    name: 'logto_m2m_token_cache_size',
    help: 'How many verified tokens are kept.',
    registers,
    collect() {
      this.set(cached('size'));
    },
  });
  for (const [name, count, help] of [
    ['logto_m2m_token_cache_hits_total', 'hits', 'How often a token was known already.'],
    ['logto_m2m_token_cache_misses_total', 'misses', 'How often a token had to be looked into.'],
  ] as const) {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(cached(count));
      },
    });
  }
}
