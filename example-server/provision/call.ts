import { setTimeout as sleep } from 'node:timers/promises';
import { M2MClientError } from 'express-logto-m2m/client';
import { ProvisionError, runAgain } from './provision-error.js';

/** A call of the Management API. */
export interface Call {
  method: 'GET' | 'POST';
  /** Below the endpoint, without a slash before it. */
  path: string;
  body?: object;
}

/** What was answered, read to its end. */
export interface Answer {
  status: number;
  headers: Headers;
  /** Undefined where it was no JSON. */
  json: unknown;
}

/** In milliseconds, for one attempt. */
const patience = 30_000;
/** How often one call is sent again, and for how many seconds at the most it waits each time. */
const [mostWaits, longestWait] = [4, 30];

/**
 * Sends a call. Where Logto asks to come back later, it does: after 429 (RFC 6585 section 4), and after 503 with
 * Retry-After (RFC 9110 section 10.2.3), for in both cases nothing was done. After any other failure something may
 * have been, and to send it again could make an app twice.
 *
 * @param wait Is told how many seconds it waits, and after which status.
 */
export async function send(
  authorizedFetch: typeof fetch,
  call: Call,
  wait: (seconds: number, status: number) => void,
): Promise<Answer> {
  for (let waits = 0; ; waits += 1) {
    const answer = await attempt(authorizedFetch, call);
    const seconds = secondsToWait(answer, waits);
    if (seconds === undefined || seconds > longestWait || waits === mostWaits) return answer;
    wait(seconds, answer.status);
    await sleep(seconds * 1000);
  }
}

async function attempt(authorizedFetch: typeof fetch, { method, path, body }: Call): Promise<Answer> {
  try {
    const response = await authorizedFetch(path, {
      method,
      signal: AbortSignal.timeout(patience),
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const { status, headers } = response;
    return { status, headers, json: parse(await response.text()) };
  } catch (error) {
    // What the client says of a token is a sentence already.
    if (error instanceof M2MClientError) throw error;
    throw new ProvisionError(`Logto did not answer ${method} /${path}: ${reasonOf(error)}. ${runAgain}`);
  }
}

function secondsToWait({ status, headers }: Answer, waits: number): number | undefined {
  const retryAfter = headers.get('retry-after');
  if (status !== 429 && (status !== 503 || retryAfter === null)) return undefined;
  const asked = /^\d+$/.test(retryAfter ?? '')
    ? Number(retryAfter)
    : (Date.parse(retryAfter ?? '') - Date.now()) / 1000;
  return Number.isNaN(asked) ? 2 ** waits : Math.max(1, Math.ceil(asked));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as { cause?: { code?: unknown }; message?: unknown };
  return typeof cause?.code === 'string' ? cause.code : String(message);
}
