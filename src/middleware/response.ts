import type { ServerResponse } from 'node:http';
import type { AuthError } from '../errors.js';

/**
 * Sets the status and headers of a refusal. An error handler of the app that sends the response inherits them.
 *
 * @returns false if the response did not accept them: it may have been sent already, or not be a response at all
 */
export function prepare(error: AuthError, res: ServerResponse): boolean {
  try {
    if (res.headersSent) return false;
    res.statusCode = error.status;
    for (const [name, value] of Object.entries(error.headers)) res.setHeader(name, value);
    res.setHeader('Cache-Control', 'no-store');
    return true;
  } catch {
    return false;
  }
}

/**
 * Sends the body on a prepared response, without the hint and the cause.
 *
 * @returns whether it was sent
 */
export function send(error: AuthError, res: ServerResponse): boolean {
  const body = JSON.stringify(error);
  try {
    res.setHeader('Content-Type', 'application/json; charset=utf-8');
    res.setHeader('Content-Length', Buffer.byteLength(body));
    res.end(body);
    return true;
  } catch {
    // A wrapped `end` may send the response and then throw.
    if (hasEnded(res)) return true;
    // Another body replaces this one, with a different type and length.
    remove(res, ['Content-Type', 'Content-Length']);
    return false;
  }
}

/**
 * Records the status and headers before a refusal is prepared.
 *
 * @returns a function that restores them, unless the headers were sent
 */
export function noteState(error: AuthError, res: ServerResponse): () => void {
  const names = [...Object.keys(error.headers), 'Cache-Control'];
  try {
    const { statusCode } = res;
    const before = names.map((name) => [name, res.getHeader(name)] as const);
    return () => {
      if (res.headersSent) return;
      res.statusCode = statusCode;
      for (const [name, value] of before) {
        if (value === undefined) res.removeHeader(name);
        else res.setHeader(name, value);
      }
    };
  } catch {
    return () => {};
  }
}

function hasEnded(res: ServerResponse): boolean {
  try {
    return res.writableEnded;
  } catch {
    return false;
  }
}

function remove(res: ServerResponse, names: readonly string[]): void {
  try {
    for (const name of names) res.removeHeader(name);
  } catch {
    // The headers were sent already, or the response has none.
  }
}
