import { checkFunction, type Owner, orElse } from './values.js';

/** The user's `fetch`, or the global one as it is when it is called: it may be replaced later. */
export function checkFetch(owner: Owner, value: typeof fetch | undefined): typeof fetch {
  const globalFetch: typeof fetch = (...args) => fetch(...args);
  return checkFunction(owner, 'fetch', orElse(value, globalFetch));
}
