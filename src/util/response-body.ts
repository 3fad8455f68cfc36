import { abandon } from './promises.js';

/** The maximum body size. Logto's key sets and token responses are up to about 3 KiB. */
const MAX_BYTES = 256 * 1024;

/** The body is larger than the limit. */
export class BodyTooLarge extends Error {
  constructor() {
    super(`its body is larger than ${MAX_BYTES / 1024} KiB`);
  }
}

/**
 * Reads the body of a response as text, up to the limit, so that an endless response cannot exhaust the memory.
 *
 * @throws BodyTooLarge, the signal's reason, or the error of the connection
 */
export async function readBody(response: Response, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    const chunk = Buffer.from(part);
    size += chunk.length;
    // Leaving the loop cancels the stream.
    if (size > MAX_BYTES) throw new BodyTooLarge();
    signal.throwIfAborted();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * Discards a body that will not be read, to release its connection. Never throws: a custom `fetch` may return bodies
 * that cannot be cancelled.
 */
export function discardBody({ body }: Response): void {
  try {
    abandon(body?.cancel?.());
  } catch {
    // The body cannot be cancelled.
  }
}
