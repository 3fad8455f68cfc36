import { faultError, type Owner, optionError } from '../options/option-error.js';
import { checkNames, checkSeconds } from '../options/values.js';

/** A fault of an endpoint. */
export interface TestFault {
  /** The delay of the response in seconds. Default none. */
  readonly delay?: number | undefined;
  /** The status of the response. Default 200 with a `body`, otherwise the usual status. */
  readonly status?: number | undefined;
  /**
   * The body of the response: a string as HTML, or an object as JSON. Default empty with a `status`, otherwise the
   * usual body.
   */
  readonly body?: string | object | undefined;
}

/** A checked fault, with the response ready to send. */
export interface Fault {
  /** In seconds. */
  readonly delay: number;
  /** Undefined if the usual response is sent. */
  readonly response: { readonly status: number; readonly type: string; readonly body: string } | undefined;
}

/** @throws TypeError that names the option, the value received, and the value to pass */
export function resolveFault(owner: Owner, given: TestFault): Fault {
  const { delay = 0, status, body } = checkNames(owner, given, { delay: true, status: true, body: true });
  checkSeconds(owner, 'delay', delay, { min: 'zero', max: 3_600 });
  if (status !== undefined && !(Number.isInteger(status) && status >= 200 && status <= 599)) {
    throw optionError(owner, 'status', 'an HTTP status from 200 to 599', status);
  }
  if (status === undefined && body === undefined) return { delay, response: undefined };
  const isText = typeof body === 'string' || body === undefined;
  const text = isText ? (body ?? '') : jsonOf(owner, body);
  const type = isText ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8';
  return { delay, response: { status: status ?? 200, type, body: text } };
}

function jsonOf(owner: Owner, body: unknown): string {
  if (typeof body !== 'object' || body === null) {
    throw optionError(owner, 'body', 'a string or a JSON object', body);
  }
  try {
    return JSON.stringify(body);
  } catch {
    // It is circular, or has a value that JSON cannot represent.
    throw faultError(owner, `\`body\` cannot be serialized as JSON.`);
  }
}
