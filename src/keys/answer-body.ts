import { abandon } from '../promises.js';

/** Logto's keys are some 3 KiB at most, and a token with what is said of it no more; nothing honest is larger. */
const MAX_BYTES = 256 * 1024;

/** An answer that nothing honest would send. */
export class BodyTooLarge extends Error {
  constructor() {
    super(`its answer is larger than ${MAX_BYTES / 1024} KiB`);
  }
}

/**
 * The body of an answer, as text. No more of it is read than fits, so that who answers without end fills no memory.
 *
 * @throws BodyTooLarge; the signal's reason; and whatever the connection ends with
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
 * Lets go of a body that nobody will read, so that its connection is free. Never throws: the body may be that of any
 * `fetch`, also one whose bodies cannot be cancelled.
 */
export function discardBody({ body }: Response): void {
  try {
    abandon(body?.cancel?.());
  } catch {
    // Then it stays as it is.
  }
}
