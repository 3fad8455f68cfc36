import type { Owner } from '../options/option-error.js';
import { hasMember } from '../util/own.js';

/**
 * Detects a guard maker that is mounted without being called, as in `app.use(authenticate)`. Express would call it
 * for each request, and no request would receive a response.
 *
 * @param example - the correct call
 * @throws TypeError if the first argument is a request
 */
export function assertNotMounted(owner: Owner, example: string, value: unknown): void {
  if (typeof value === 'object' && value !== null && hasMember(value, 'headers')) {
    throw new TypeError(`${owner} returns a middleware: call it, as in ${example}.`);
  }
}
