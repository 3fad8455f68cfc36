import { asError } from '../errors.js';
import { abandon } from '../promises.js';
import { type Keys, keysFromJwks } from './verification-key.js';

/** Logto answers with one to three keys, some 3 KiB at most; nothing honest is larger than this. */
const MAX_BYTES = 256 * 1024;

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
): Promise<Keys> {
  try {
    return keysFromJwks(await Promise.race([getJson(uri, fetch, signal), aborted(signal)]));
  } catch (error) {
    // Without the query, which may hold what is nobody's business.
    const address = uri.replace(/\?.*/, '');
    const why = describe(error).replaceAll(uri, address);
    throw new Error(`${address}: ${why}`, uri === address ? { cause: error } : undefined);
  }
}

async function getJson(uri: string, fetch: typeof globalThis.fetch, signal: AbortSignal): Promise<unknown> {
  // A redirect is not followed: whoever can answer with one could name keys of their own.
  const response = await fetch(uri, { signal, redirect: 'manual', headers: { accept: 'application/json' } });
  if (response.redirected) throw new Error('it was reached by a redirect');
  if (response.status !== 200) {
    abandon(response.body?.cancel?.());
    throw new Error(`it answered with status ${response.status}`);
  }
  const text = await readText(response, signal);
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message would quote the document.
    throw new Error('its answer is not JSON');
  }
}

/** The whole body, where it is no larger than any key set. @throws Error where it is, or breaks off */
export async function readText(response: Response, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    const chunk = Buffer.from(part);
    size += chunk.length;
    // Leaving the loop cancels the stream.
    if (size > MAX_BYTES) throw new Error(`its answer is larger than ${MAX_BYTES / 1024} KiB`);
    signal.throwIfAborted();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = () => reject(signal.reason);
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
}

/** One line on what went wrong. A `fetch` of the user's may throw whatever it likes. */
function describe(thrown: unknown): string {
  const error = asError(thrown);
  try {
    if (error.name === 'TimeoutError') return 'no whole answer came in time';
    // undici says "fetch failed" and keeps what happened in the cause.
    const cause = error.cause;
    if (!(cause instanceof Error)) return String(error.message);
    const code = 'code' in cause ? String(cause.code) : cause.name;
    return cause.message.includes(code) ? cause.message : `${code} ${cause.message}`.trim();
  } catch {
    return 'the fetch failed';
  }
}
