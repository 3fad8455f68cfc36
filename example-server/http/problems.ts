import type { ErrorRequestHandler, RequestHandler } from 'express';

// The bodies have the form of the guards' own: an error code for programs, a sentence for people.
const codes: Record<number, string> = {
  400: 'invalid_request',
  404: 'not_found',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
  500: 'server_error',
  503: 'temporarily_unavailable',
};

// What express.json() can find wrong, by the type that its errors have.
const sentences: Record<string, string> = {
  'entity.parse.failed': 'The body is not valid JSON.',
  'entity.too.large': 'The body is too large.',
};

/** What is thrown where a request cannot be served; its message is for the caller to read. */
export class Problem extends Error {
  override readonly name = 'Problem';
  /** After how many seconds the caller should try again. */
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

/** The value that was looked for, or a 404. */
export function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Problem(404, `There is no such ${what}.`);
  return value;
}

/** Mounted behind all routes. */
export const noSuchRoute: RequestHandler = () => {
  throw new Problem(404, 'There is no such route.');
};

/** Mounted last. Only a `Problem` speaks to the caller in its own words; all else might give something away. */
export const answerProblem: ErrorRequestHandler = (error, _req, res, next) => {
  const status = statusOf(error);
  if (status === 500) console.error(error);
  if (res.headersSent) return next(error);
  if (error instanceof Problem && error.retryAfter !== undefined)
    res.set('Retry-After', `${error.retryAfter}`);
  res.status(status).json({ error: codes[status] ?? 'invalid_request', error_description: describe(error) });

  function describe({ message, type }: { message: string; type?: string }): string {
    if (error instanceof Problem) return message;
    if (status === 500) return 'Something went wrong here.';
    return sentences[type ?? ''] ?? 'The request cannot be understood.';
  }
};

/** Express and its parsers give the caller's mistakes a status; whatever has none is a mistake of ours. */
function statusOf(error: { status?: unknown } | undefined): number {
  if (error instanceof Problem) return error.status;
  const status = error?.status;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}
