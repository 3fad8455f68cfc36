import type { ErrorRequestHandler, RequestHandler } from 'express';

// The bodies have the form of the guards' responses: an error code for programs, a sentence for people.
const codes: Record<number, string> = {
  400: 'invalid_request',
  404: 'not_found',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
  500: 'server_error',
  503: 'temporarily_unavailable',
};

// The sentences for errors of express.json(), by their type.
const sentences: Record<string, string> = {
  'entity.parse.failed': 'The body is not valid JSON.',
  'entity.too.large': 'The body is too large.',
};

/** An error whose message is sent to the caller. */
export class Problem extends Error {
  override readonly name = 'Problem';
  /** Seconds after which the caller should retry. */
  readonly retryAfter: number | undefined;

  constructor(
    readonly status: 400 | 404 | 503,
    message: string,
    { retryAfter, ...options }: ErrorOptions & { retryAfter?: number } = {},
  ) {
    super(message, options);
    this.retryAfter = retryAfter;
  }
}

/** Returns the value. @throws Problem 404 if it is undefined */
export function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Problem(404, `There is no such ${what}.`);
  return value;
}

/** Mount it after all routes. */
export const noSuchRoute: RequestHandler = () => {
  throw new Problem(404, 'There is no such route.');
};

/** Mount it last. Only the message of a `Problem` is sent, since others may contain internal details. */
export const answerProblem: ErrorRequestHandler = (error, _req, res, next) => {
  const status = statusOf(error);
  if (status === 500) console.error(error);
  if (res.headersSent) return next(error);
  if (error instanceof Problem && error.retryAfter !== undefined)
    res.set('Retry-After', `${error.retryAfter}`);
  res.status(status).json({ error: codes[status] ?? 'invalid_request', error_description: describe(error) });

  function describe({ message, type }: { message: string; type?: string }): string {
    if (error instanceof Problem) return message;
    if (status === 500) return 'The server failed.';
    return sentences[type ?? ''] ?? 'The request is malformed.';
  }
};

/** Express and its parsers set a 4xx status for errors of the caller. Any other error is a fault of the server. */
function statusOf(error: { status?: unknown } | undefined): number {
  if (error instanceof Problem) return error.status;
  const status = error?.status;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}
