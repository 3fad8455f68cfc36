import type { TimerOptions } from 'node:timers';
import { setTimeout } from 'node:timers/promises';
import { bare } from './own.js';

/**
 * Waits before a retry, in milliseconds; ends early when the signal is aborted. Tests replace this module, so that
 * they do not wait.
 */
export function pause(duration: number, options: TimerOptions): Promise<void> {
  return setTimeout(duration, undefined, bare(options)).catch(() => {});
}
