import { hasMember } from '../checks/own.js';
import type { Owner } from '../checks/values.js';

/**
 * A maker that is mounted without being called, as `app.use(authenticate)`, is called for each request, and would
 * never answer any.
 *
 * @param example - how it is called
 * @throws TypeError when the first argument is a request
 */
export function refuseRequest(owner: Owner, example: string, value: unknown): void {
  if (typeof value === 'object' && value !== null && hasMember(value, 'headers')) {
    throw new TypeError(`${owner} makes a middleware and is none itself; call it: ${example}.`);
  }
}
