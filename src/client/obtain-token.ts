import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientSettings } from './options.js';
import { type GrantedToken, requestToken, TokenFailure } from './token-request.js';

/** Milliseconds before the second attempt; twice that before the third, and so on. */
const FIRST_WAIT = 250;

/**
 * Gets a token: what may be otherwise the next time is tried again, as long as `timeout` allows, and what Logto
 * refuses is not.
 */
export async function obtainToken(settings: ClientSettings): Promise<GrantedToken | TokenFailure> {
  const deadline = performance.now() + settings.timeout * 1000;
  for (let wait = FIRST_WAIT; ; wait *= 2) {
    const outcome = await attempt(settings, deadline);
    if (!(outcome instanceof TokenFailure) || !outcome.isTransient) return outcome;
    // With jitter, so that replicas which failed together do not come back together.
    const pause = outcome.retryAfter === undefined ? wait * (0.5 + Math.random()) : outcome.retryAfter * 1000;
    if (performance.now() + pause >= deadline) return outcome;
    await sleep(pause);
  }
}

async function attempt(settings: ClientSettings, deadline: number): Promise<GrantedToken | TokenFailure> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), Math.max(1, deadline - performance.now()));
  try {
    return await requestToken(settings, controller.signal);
  } finally {
    clearTimeout(timer);
  }
}
