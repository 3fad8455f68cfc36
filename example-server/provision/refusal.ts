import { M2MClientError } from 'express-logto-m2m/client';
import { z } from 'zod';
import type { Answer, Call } from './call.js';
import { ProvisionError, runAgain } from './provision-error.js';

const refusalSchema = z.object({ code: z.string(), message: z.string() });

/** What Logto said in refusing a call, and what to do about it. */
export function refusalOf({ method, path }: Call, { status, json }: Answer, appId: string): ProvisionError {
  const { code = '', message } = refusalSchema.safeParse(json).data ?? { message: 'it did not say why' };
  const said = `Logto refused ${method} /${path} (${status}): ${message}${code && ` (${code})`}`;
  const advice = adviceOn(status, code, appId);
  return new ProvisionError(advice ? `${said}\n${advice}` : said);
}

function adviceOn(status: number, code: string, appId: string): string | undefined {
  // Another 403 may be the limit of a plan.
  if (code === 'auth.forbidden') {
    return `App ${appId} may not use the Management API: in the Logto Console, give it a machine-to-machine role with the permission "all" of it.`;
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
