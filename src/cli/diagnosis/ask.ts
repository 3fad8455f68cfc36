import { type Bare, bare } from '../../util/own.js';
import { discardBody, readBody } from '../../util/response-body.js';
import { Unreachable, unreachable } from './unreachable.js';

/** The time limit of a request, in seconds. */
const PATIENCE = 5;

/** A response. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The middle of the wait for it, by the clock of this machine, in milliseconds since the epoch. */
  readonly at: number;
}

/** A response with its body. */
export interface JsonAnswer extends Answer {
  /** Undefined if it is not a JSON object. */
  readonly body: Bare<Readonly<Record<string, unknown>>> | undefined;
  /** Why the body is incomplete, as the end of a sentence; undefined if it is complete. */
  readonly unfinished: string | undefined;
}

/** Returns a signal that aborts when the time limit is reached. */
export function patience(): AbortSignal {
  return AbortSignal.timeout(PATIENCE * 1000);
}

/**
 * Sends one GET request. Does not follow redirects, so that the token is not sent to another address. Does not read
 * the body: status and headers are sufficient, and a stream of events does not end.
 */
export async function ask(
  url: string | URL,
  headers: Record<string, string> = {},
): Promise<Answer | Unreachable> {
  const answer = await request(new URL(url), headers, patience());
  if (answer instanceof Unreachable) return answer;
  discardBody(answer.response);
  return answer;
}

/** Sends one GET request, and reads the body as JSON. */
export async function askForJson(url: string): Promise<JsonAnswer | Unreachable> {
  const signal = patience();
  const answer = await request(new URL(url), { accept: 'application/json' }, signal);
  if (answer instanceof Unreachable) return answer;
  try {
    const text = await readBody(answer.response, signal);
    return { ...answer, body: objectIn(text), unfinished: undefined };
  } catch (error) {
    return { ...answer, body: undefined, unfinished: whyUnfinished(error, signal) };
  }
}

async function request(
  url: URL,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<(Answer & { readonly response: Response }) | Unreachable> {
  const began = Date.now();
  try {
    const response = await fetch(url, bare({ headers, redirect: 'manual' as const, signal }));
    return {
      status: response.status,
      headers: response.headers,
      at: (began + Date.now()) / 2,
      response,
    };
  } catch (error) {
    return unreachable(signal.aborted ? signal.reason : error, url, PATIENCE);
  }
}

function whyUnfinished(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return `its body did not end within ${PATIENCE} s`;
  // undici throws a TypeError for every failure of the connection.
  return error instanceof TypeError ? 'its body broke off' : (error as Error).message;
}

function objectIn(text: string): Bare<Readonly<Record<string, unknown>>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null
      ? (bare(value) as Bare<Readonly<Record<string, unknown>>>)
      : undefined;
  } catch {
    return undefined;
  }
}
