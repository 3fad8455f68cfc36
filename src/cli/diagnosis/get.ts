import { type Bare, bare, isObject } from '../../util/own.js';
import { discardBody, readBody } from '../../util/response-body.js';
import { explainUnreachable, Unreachable } from './unreachable.js';

/** The time limit of a request, in seconds. */
const TIMEOUT = 5;

/** A response without its body. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  /** The middle of the wait for it, by the clock of this machine, in milliseconds since the epoch. */
  readonly at: number;
}

/** A response with its body. */
export interface JsonResponse extends HttpResponse {
  /** Undefined if it is not a JSON object. */
  readonly body: Bare<Readonly<Record<string, unknown>>> | undefined;
  /** Why the body could not be read completely, as the end of a sentence; undefined if it could. */
  readonly incomplete: string | undefined;
}

/** Returns a signal that aborts when the time limit is reached. */
export function timeoutSignal(): AbortSignal {
  return AbortSignal.timeout(TIMEOUT * 1000);
}

/**
 * Sends one GET request. Does not follow redirects, so that the token is not sent to another address. Does not read
 * the body: status and headers are sufficient, and a stream of events does not end.
 */
export async function get(
  url: string | URL,
  headers: Record<string, string> = {},
): Promise<HttpResponse | Unreachable> {
  const result = await request(new URL(url), headers, timeoutSignal());
  if (result instanceof Unreachable) return result;
  discardBody(result.response);
  return result.received;
}

/** Sends one GET request, and reads the body as JSON. */
export async function getJson(url: string): Promise<JsonResponse | Unreachable> {
  const signal = timeoutSignal();
  const result = await request(new URL(url), { accept: 'application/json' }, signal);
  if (result instanceof Unreachable) return result;
  const { received, response } = result;
  try {
    const text = await readBody(response, signal);
    return { ...received, body: objectIn(text), incomplete: undefined };
  } catch (error) {
    return { ...received, body: undefined, incomplete: whyIncomplete(error, signal) };
  }
}

async function request(
  url: URL,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<{ readonly received: HttpResponse; readonly response: Response } | Unreachable> {
  const began = Date.now();
  try {
    const response = await fetch(url, bare({ headers, redirect: 'manual' as const, signal }));
    const received = { status: response.status, headers: response.headers, at: (began + Date.now()) / 2 };
    return { received, response };
  } catch (error) {
    return explainUnreachable(signal.aborted ? signal.reason : error, url, TIMEOUT);
  }
}

function whyIncomplete(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return `its body did not end within ${TIMEOUT} s`;
  // undici throws a TypeError for every failure of the connection.
  return error instanceof TypeError ? 'its body is incomplete' : (error as Error).message;
}

function objectIn(text: string): Bare<Readonly<Record<string, unknown>>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && !Array.isArray(value) ? bare(value as unknown) : undefined;
  } catch {
    return undefined;
  }
}
