import { CLOCK_TOLERANCE } from '../../options/logto-auth-options.js';
import { duration } from '../words.js';
import { type Finding, ok, problem, skipped } from './finding.js';
import type { HttpResponse } from './get.js';

/** Whether the local clock agrees with the server's, within the tolerance of an API. */
export function checkClock({ headers, at }: HttpResponse): Finding {
  const date = Date.parse(headers.get('date') ?? '');
  if (Number.isNaN(date)) {
    return skipped('clock', 'Not compared: the response of Logto has no valid Date header.');
  }
  // A cached response has the date of the original response (RFC 9111 section 5.1).
  const age = Number(headers.get('age') ?? 0) || 0;
  // The header is in whole seconds, so the moment is on average half a second later.
  const ahead = (at - date) / 1000 - age - 0.5;
  if (Math.abs(ahead) <= CLOCK_TOLERANCE) return ok('clock', 'The clock agrees with the clock of Logto.');
  const [which, effect] =
    ahead > 0
      ? ['ahead of', 'tokens seem to expire earlier than they do']
      : ['behind', 'tokens still pass after they have expired, and new ones may seem not yet valid'];
  return problem(
    'clock',
    `The clock of this machine is ${duration(ahead)} ${which} the clock of Logto: ${effect}.`,
    `Set both by NTP (timedatectl set-ntp true). An API tolerates ${CLOCK_TOLERANCE} seconds. A larger clockTolerance only hides the cause.`,
  );
}
