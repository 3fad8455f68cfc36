import { setTimeout as sleep } from 'node:timers/promises';
import { bare, own } from '../checks/own.js';
import { withoutQuery } from '../checks/uris.js';
import { asError, isError } from '../errors.js';
import { unlessAborted } from '../promises.js';
import { discardBody, readBody } from './answer-body.js';
import type { FetchedKeys } from './key-store.js';
import { Moment } from './moment.js';
import { type KeyList, keysFromJwks } from './verification-key.js';

/** Fetches an issuer's keys, with one quick retry, for a connection that broke or a Logto that was just restarting. */
export async function fetchKeys(
  uri: string,
  fetch: typeof globalThis.fetch,
  signal: AbortSignal,
): Promise<FetchedKeys> {
  const attempt = async () => ({ startedAt: Moment.now(), ...(await fetchJwks(uri, fetch, signal)) });
  try {
    return await attempt();
  } catch (error) {
    await sleep(100 + Math.random() * 200, undefined, bare({ signal })).catch(() => {});
    if (signal.aborted) throw error;
    return attempt().catch((again) => {
      // Cut short, the second try has nothing to say that the first one has not.
      throw signal.aborted ? error : again;
    });
  }
}

/**
 * Fetches a JWK Set and reads the keys in it. The signal bounds headers and body together, also where a `fetch`
 * does not heed it.
 *
 * @throws Error with one line for the operator: refused, timed out, not 200, a redirect, too large, not JSON,
 * or without a usable key
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
  // A redirect is not followed: whoever can answer with one could name keys of their own.
  const headers = { accept: 'application/json' };
  const response = await fetch(uri, bare({ signal, redirect: 'manual' as const, headers }));
  if (response.redirected) throw new Error('it was reached by a redirect');
  if (response.status !== 200) {
    discardBody(response);
    throw new Error(`it answered with status ${response.status}`);
  }
  const text = await readBody(response, signal);
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message would quote the document.
    throw new Error('its answer is not JSON');
  }
}

/** One line on what went wrong. A `fetch` of the user's may throw whatever it likes. */
function describe(thrown: unknown): string {
  const error = asError(thrown);
  try {
    if (error.name === 'TimeoutError') return 'no whole answer came in time';
    // undici says "fetch failed" and keeps what happened in the cause.
    const cause = own(error, 'cause');
    if (!isError(cause)) return String(error.message);
    const code = String(own(cause, 'code') ?? cause.name);
    return cause.message.includes(code) ? cause.message : `${code} ${cause.message}`.trim();
  } catch {
    return 'the fetch failed';
  }
}
