import { M2MClientError } from 'express-logto-m2m/client';
import { z } from 'zod';
import type { Answer, Call } from './call.js';
import { ProvisionError, runAgain } from './provision-error.js';

const refusalSchema = z.object({ code: z.string(), message: z.string() });

/** What Logto said in refusing a call, and what to do about it. */
export function refusalOf(
  { method, path }: Call,
  { status, json }: Answer,
  endpoint: string,
): ProvisionError {
  const { code = '', message } = refusalSchema.safeParse(json).data ?? { message: 'it did not say why' };
  const said = `Logto refused ${method} /${path} (${status}): ${message}${code && ` (${code})`}`;
  const advice = adviceOn(status, code, endpoint);
  return new ProvisionError(advice ? `${said}\n${advice}` : said);
}

function adviceOn(status: number, code: string, endpoint: string): string | undefined {
  if (status === 401) {
    return `The Management API at ${endpoint} does not accept the token that Logto gave there. Where you host Logto yourself, is ${endpoint} the address of its Console (port 3002 by default)? Set LOGTO_ENDPOINT to the address of your tenant (port 3001 by default).`;
  }
  return isPassing(status) || (status === 422 && isThereAlready(code)) ? runAgain : undefined;
}

/** Why there is no token. The client knows the API by its identifier; here it can be said how that is set. */
export function noToken(error: unknown): unknown {
  if (!(error instanceof M2MClientError)) return error;
  if (error.code === 'invalid_target') {
    return new ProvisionError(`${error.message}\nWith Logto Cloud, set LOGTO_TENANT_ID to the tenant's id.`);
  }
  return isPassing(error.status) ? new ProvisionError(`${error.message}\n${runAgain}`) : error;
}

/** Whether it may be otherwise the next time. */
function isPassing(status = 0): boolean {
  return status === 429 || status >= 500;
}

/** Whether somebody made it after it was looked for, such as another run of this. */
function isThereAlready(code: string): boolean {
  return /_(exists|in_use)$/.test(code) || code === 'entity.unique_integrity_violation';
}
