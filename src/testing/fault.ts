import { checkNames, checkSeconds, type Owner, optionError } from '../checks/values.js';

/** How an endpoint fails. */
export interface TestFault {
  /** Seconds before it answers. Default none. */
  readonly delay?: number | undefined;
  /** The status of its answer. Default 200 with a `body`, and else the usual one. */
  readonly status?: number | undefined;
  /** What it answers: a text as HTML, or an object as JSON. Default nothing with a `status`, and else the usual answer. */
  readonly body?: string | object | undefined;
}

/** The same, ready to be sent. */
export interface Fault {
  /** Seconds. */
  readonly delay: number;
  /** Undefined where the usual answer is sent. */
  readonly answer: { readonly status: number; readonly type: string; readonly body: string } | undefined;
}

/** @throws TypeError that names the option, what came, and what to pass */
export function resolveFault(owner: Owner, given: TestFault): Fault {
  const { delay = 0, status, body } = checkNames(owner, given, { delay: true, status: true, body: true });
  checkSeconds(owner, 'delay', delay, { min: 'zero', max: 3_600 });
  if (status !== undefined && !(Number.isInteger(status) && status >= 200 && status <= 599)) {
    throw optionError(owner, 'status', 'an HTTP status from 200 to 599', status);
  }
  if (status === undefined && body === undefined) return { delay, answer: undefined };
  const isText = typeof body === 'string' || body === undefined;
  const text = isText ? (body ?? '') : jsonOf(owner, body);
  const type = isText ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8';
  return { delay, answer: { status: status ?? 200, type, body: text } };
}

function jsonOf(owner: Owner, body: unknown): string {
  try {
    if (typeof body === 'object' && body !== null) return JSON.stringify(body);
  } catch {
    // It holds itself, or what JSON has no form for.
  }
  throw optionError(owner, 'body', 'a text, or an object for JSON', body);
}
