import { withoutQuery } from '../util/addresses.js';
import { bare, own } from '../util/own.js';
import { pause } from '../util/pause.js';
import { unlessAborted } from '../util/promises.js';
import { discardBody, readBody } from '../util/response-body.js';
import { asError, isError } from '../util/thrown.js';
import type { FetchedKeys } from './key-store.js';
import { Moment } from './moment.js';
import { type KeyList, keysFromJwks } from './verification-key.js';

/** Fetches an issuer's keys, with one quick retry in case a connection broke or Logto was restarting. */
export async function fetchKeys(
  uri: string,
  fetch: typeof globalThis.fetch,
  signal: AbortSignal,
): Promise<FetchedKeys> {
  const attempt = async () => ({ startedAt: Moment.now(), ...(await fetchJwks(uri, fetch, signal)) });
  try {
    return await attempt();
  } catch (error) {
    await pause(100 + Math.random() * 200, { signal });
    if (signal.aborted) throw error;
    return attempt().catch((again) => {
      // An aborted retry adds no information to the first error.
      throw signal.aborted ? error : again;
    });
  }
}

/**
 * Fetches a JWK Set and reads its keys. The signal limits headers and body together, even if `fetch` ignores it.
 *
 * @throws Error with one line for the operator: connection refused, timeout, status other than 200, redirect, too
 * large, not JSON, or no usable key
 */
export async function fetchJwks(
  uri: string,
  fetch: typeof globalThis.fetch,
  signal: AbortSignal,
): Promise<KeyList> {
  try {
    return keysFromJwks(await unlessAborted(getJson(uri, fetch, signal), signal));
  } catch (error) {
    const address = withoutQuery(uri);
    const why = describe(error).replaceAll(uri, address);
    throw new Error(`${address}: ${why}`, uri === address ? bare({ cause: error }) : undefined);
  }
}

async function getJson(uri: string, fetch: typeof globalThis.fetch, signal: AbortSignal): Promise<unknown> {
  // Redirects are not followed: an attacker who can send one could supply their own keys.
  const headers = { accept: 'application/json' };
  const response = await fetch(uri, bare({ signal, redirect: 'manual' as const, headers }));
  if (response.redirected) throw new Error('the response came from a redirect');
  if (response.status !== 200) {
    discardBody(response);
    throw new Error(`it responded with status ${response.status}`);
  }
  const text = await readBody(response, signal);
  try {
    return JSON.parse(text);
  } catch {
    // The message of the parser would quote the document.
    throw new Error('its body is not JSON');
  }
}

/** Describes the failure in one line. A custom `fetch` may throw any value. */
function describe(thrown: unknown): string {
  const error = asError(thrown);
  try {
    if (error.name === 'TimeoutError') return 'no complete response arrived in time';
    // The message of undici is "fetch failed"; the cause has the details.
    const cause = own(error, 'cause');
    if (!isError(cause)) return String(error.message);
    const code = String(own(cause, 'code') ?? cause.name);
    return cause.message.includes(code) ? cause.message : `${code} ${cause.message}`.trim();
  } catch {
    return 'the fetch failed';
  }
}
