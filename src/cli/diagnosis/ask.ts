import { type Bare, bare } from '../../util/own.js';
import { discardBody, readBody } from '../../util/response-body.js';
import { Unreachable, unreachable } from './unreachable.js';

/** Seconds in which an answer has to come. */
const PATIENCE = 5;

/** A response. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** When it was made, by the clock of this machine: in the middle of the waiting, in milliseconds. */
  readonly at: number;
}

/** The same, with its body. */
export interface JsonAnswer extends Answer {
  /** Undefined where it is no JSON object. */
  readonly body: Bare<Readonly<Record<string, unknown>>> | undefined;
  /** Why the body did not come as a whole, as the end of a sentence; undefined where it did. */
  readonly unfinished: string | undefined;
}

/** A signal that ends all waiting. */
export function patience(): AbortSignal {
  return AbortSignal.timeout(PATIENCE * 1000);
}

/**
 * Asks by GET, once, and follows no redirect: the token must go nowhere else. The body is left alone: status and
 * headers say enough, and a stream of events has no end.
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

/** The same, where the body is what is asked for. */
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
  if (signal.aborted) return `its answer did not end within ${PATIENCE} s`;
  // undici's own, for whatever happened to the connection.
  return error instanceof TypeError ? 'its answer broke off' : (error as Error).message;
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
