import type { AuthErrorReason, AuthorizedMessage, DeniedMessage } from 'express-logto-m2m';
import { Counter, type Registry } from 'prom-client';
import { listen } from './listen.js';

// The compiler sees to it that none is missing. Each is shown from the start: of a series that begins with its first
// refusal Prometheus would not see that one.
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
 * Counts what the guards and `verify()` decide. The reason is all that is told of a refusal: who called, with which
 * token, is for the log, since each caller would be a series of its own.
 *
 * @returns Functions that end it.
 */
export function countDecisions(registry: Registry): (() => void)[] {
  const decisions = new Counter({
    name: 'logto_m2m_decisions_total',
    help: 'Tokens let in (decision="authorized", reason="") and requests refused (decision="denied"), by reason.',
    labelNames: ['decision', 'reason'],
    registers: [registry],
  });
  decisions.inc({ decision: 'authorized', reason: '' }, 0);
  for (const reason of Object.keys(reasons)) decisions.inc({ decision: 'denied', reason }, 0);

  return [
    listen<AuthorizedMessage>('authorized', () => decisions.inc({ decision: 'authorized', reason: '' })),
    listen<DeniedMessage>('denied', ({ error: { reason } }) => decisions.inc({ decision: 'denied', reason })),
  ];
}
