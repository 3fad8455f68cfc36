import { backoffDelay } from '../util/backoff-delay.js';
import { pause } from '../util/pause.js';
import { unreferenced } from '../util/promises.js';
import type { GrantedToken } from './granted-token.js';
import type { ClientSettings } from './options.js';
import { TokenFailure, unreachable } from './token-failure.js';
import { requestToken } from './token-request.js';

/** The shortest delay before the second attempt, in milliseconds. */
const FIRST_WAIT = 200;

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
  let previous: TokenFailure | undefined;
  for (let failures = 0; ; failures += 1) {
    const outcome = await attempt(settings, deadline);
    if (!(outcome instanceof TokenFailure) || !outcome.isTransient) return outcome;
    // A retry that the deadline cut off adds no information to the failure before it.
    if (outcome.error.code === 'timeout') return previous ?? outcome;
    previous = outcome;
    const delay = Math.max(backoffDelay(failures, FIRST_WAIT), (outcome.retryAfter ?? 0) * 1000);
    if (performance.now() + delay >= deadline) return outcome;
    await pause(delay, { ref: false });
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
