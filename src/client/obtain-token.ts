import { setTimeout as sleep } from 'node:timers/promises';
import { unreferenced } from '../promises.js';
import type { GrantedToken } from './granted-token.js';
import type { ClientSettings } from './options.js';
import { TokenFailure, unreachable } from './token-failure.js';
import { requestToken } from './token-request.js';

/** The delay before the second attempt, in milliseconds. It doubles with each further attempt. */
const FIRST_WAIT = 250;

/**
 * Obtains a token. Retries transient failures until the deadline, but not a refusal by Logto. The timers here do not
 * keep the process alive; the waiting caller does. Never rejects.
 *
 * @param deadline - by `performance.now()`
 */
export async function obtainToken(
  settings: ClientSettings,
  deadline: number,
): Promise<GrantedToken | TokenFailure> {
  for (let wait = FIRST_WAIT; ; wait *= 2) {
    const outcome = await attempt(settings, deadline);
    if (!(outcome instanceof TokenFailure) || !outcome.isTransient) return outcome;
    // With jitter, so that replicas that failed together do not retry together.
    const pause = Math.max(wait * (0.5 + Math.random()), (outcome.retryAfter ?? 0) * 1000);
    if (performance.now() + pause >= deadline) return outcome;
    await sleep(pause, undefined, { ref: false });
  }
}

async function attempt(settings: ClientSettings, deadline: number): Promise<GrantedToken | TokenFailure> {
  const controller = new AbortController();
  const timer = unreferenced(setTimeout(() => controller.abort(), Math.max(1, deadline - performance.now())));
  try {
    return await requestToken(settings, controller.signal);
  } catch (error) {
    return unreachable(settings, error);
  } finally {
    clearTimeout(timer);
  }
}
