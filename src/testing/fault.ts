import { checkNames, checkSeconds, type Owner, wrong } from '../checks/values.js';

/** How an endpoint fails. */
export interface TestFault {
  /** Seconds before it answers. Default none. */
  readonly delay?: number | undefined;
  /** The status of its answer. Default 200 with a `body`, and else the usual one. */
  readonly status?: number | undefined;
  /** What it answers: a text as HTML, or an object as JSON. Default nothing with a `status`, and else the usual answer. */
  readonly body?: string | object | undefined;
}

/** @throws TypeError that names the option, what came, and what to pass */
export function resolveFault(owner: Owner, given: TestFault): TestFault {
  const { delay, status, body } = checkNames(owner, given, ['delay', 'status', 'body']);
  if (delay !== undefined) checkSeconds(owner, 'delay', delay, { min: 'zero', max: 3_600 });
  if (status !== undefined && !(Number.isInteger(status) && status >= 200 && status <= 599)) {
    throw wrong(owner, 'status', 'an HTTP status from 200 to 599', status);
  }
  const isBody = ['string', 'undefined'].includes(typeof body) || (typeof body === 'object' && body !== null);
  if (!isBody) throw wrong(owner, 'body', 'a text, or an object for JSON', body);
  return { delay, status, body };
}
