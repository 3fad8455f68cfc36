import { M2MClientError } from '../../client/index.js';
import { backoffDelay } from '../../util/backoff-delay.js';
import { bare, own } from '../../util/own.js';
import { retryAfterSeconds } from '../../util/retry-after.js';
import { RUN_AGAIN, SetupError } from './setup-error.js';

/** A call of the Management API. */
export interface Call {
  readonly method: 'GET' | 'POST';
  /** Relative to the endpoint, without a leading slash. */
  readonly path: string;
  readonly body: object | undefined;
}

/** A response of the Management API, with its whole body. */
export interface CallResponse {
  readonly status: number;
  readonly headers: Headers;
  /** Undefined if the body is not JSON. */
  readonly json: unknown;
}

/** Waits this many seconds before a retry; `status` is the status that caused it. */
export type Wait = (seconds: number, status: number) => Promise<unknown>;

/** The time limit of one attempt, in milliseconds. */
const TIMEOUT = 30_000;
/** The maximum number of retries of one call. */
const MOST_WAITS = 4;
/** The longest wait that is accepted before a retry, in seconds. */
const LONGEST_WAIT = 30;

/**
 * Sends a call. Retries after 429 (RFC 6585 section 4), since the call had no effect, and a GET also after 503 with
 * Retry-After (RFC 9110 section 10.2.3). After any other failure the call may have taken effect, and a retry could
 * create an app twice.
 *
 * @throws SetupError if there is no response, M2MClientError if there is no token
 */
export async function send(authorizedFetch: typeof fetch, call: Call, wait: Wait): Promise<CallResponse> {
  for (let waits = 0; ; waits += 1) {
    const response = await attempt(authorizedFetch, call);
    const seconds = secondsToWait(call, response, waits);
    if (seconds === undefined || seconds > LONGEST_WAIT || waits === MOST_WAITS) return response;
    await wait(seconds, response.status);
  }
}

async function attempt(authorizedFetch: typeof fetch, { method, path, body }: Call): Promise<CallResponse> {
  const init: RequestInit = {
    method,
    // A followed redirect would turn a POST into a GET.
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT),
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  };
  try {
    const response = await authorizedFetch(path, bare(init));
    const { status, headers } = response;
    return { status, headers, json: parse(await response.text()) };
  } catch (error) {
    if (error instanceof M2MClientError) throw error;
    throw new SetupError(`Logto did not respond to ${method} /${path}: ${reasonOf(error)}. ${RUN_AGAIN}`);
  }
}

function secondsToWait(
  { method }: Call,
  { status, headers }: CallResponse,
  waits: number,
): number | undefined {
  const requested = retryAfterSeconds(headers);
  const isUnavailable = status === 503 && headers.has('retry-after') && method === 'GET';
  if (status !== 429 && !isUnavailable) return undefined;
  return requested === undefined ? backoffDelay(waits, 1) : Math.max(1, requested);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  const code = own(own(error, 'cause'), 'code');
  return typeof code === 'string' ? code : String((error as Error).message);
}
