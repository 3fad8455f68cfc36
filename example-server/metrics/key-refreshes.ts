import type { KeysFailedMessage, KeysRefreshedMessage } from 'express-logto-m2m';
import { Counter, Histogram, type Registry } from 'prom-client';
import { listen } from './listen.js';

/**
 * Counts how Logto's keys are fetched. A success says nothing of the time after it, and a failure is no outage while
 * older keys serve: that is what `serving_stale` tells apart.
 *
 * @param issuers Those that are shown from the start, so that Prometheus sees the first failure too.
 * @returns Functions that end it.
 */
export function countKeyRefreshes(registry: Registry, issuers: readonly string[]): (() => void)[] {
  const registers = [registry];
  const refreshes = new Counter({
    name: 'logto_m2m_key_refreshes_total',
    help: "How often an issuer's keys were fetched.",
    labelNames: ['issuer'],
    registers,
  });
  const failures = new Counter({
    name: 'logto_m2m_key_refresh_failures_total',
    help: "How often an issuer's keys could not be fetched, by whether older ones still serve.",
    labelNames: ['issuer', 'serving_stale'],
    registers,
  });
  const duration = new Histogram({
    name: 'logto_m2m_key_refresh_duration_seconds',
    help: 'How long it took to fetch the keys, or to fail at it.',
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

  return [
    listen<KeysRefreshedMessage>('keys-refreshed', ({ issuer, durationMs }) => {
      refreshes.inc({ issuer });
      duration.observe({ issuer }, durationMs / 1000);
    }),
    listen<KeysFailedMessage>('keys-failed', ({ issuer, servingStale, durationMs }) => {
      failures.inc({ issuer, serving_stale: String(servingStale) });
      duration.observe({ issuer }, durationMs / 1000);
    }),
  ];
}
