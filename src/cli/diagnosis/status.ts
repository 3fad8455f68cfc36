import type { HttpResponse } from './get.js';
import { redirectOf } from './redirect.js';

/** Why a response is a failure, as the end of a sentence, and the fix. */
export interface Failure {
  readonly why: string;
  readonly fix: string;
}

/** Returns the failure that the status shows if there is no challenge; undefined if a handler may send that status. */
export function failureOf(response: HttpResponse, url: URL): Failure | undefined {
  const { status, headers } = response;
  if (status >= 300 && status < 400) {
    const target = redirectOf(response, url.href);
    const where = target === undefined ? '' : ` to ${placeOf(target, url)}`;
    return {
      why: `, a redirect${where}, which the doctor does not follow.`,
      fix: 'If the API is at the target, name that address.',
    };
  }
  if (status === 429) {
    return {
      why: ': too many requests.',
      fix: 'A rate limit before or after the guard was reached: wait, and run this again.',
    };
  }
  if (status === 431) {
    return {
      why: ': the headers are too large.',
      fix: 'Does a proxy in front of the API have a limit below the size of a token? Node has a limit of 16 KiB for all headers together.',
    };
  }
  if (status === 503) {
    const after = headers.has('retry-after') ? ', and requests a later retry' : '';
    return {
      why: `${after}.`,
      fix: "The API cannot get Logto's keys, or is overloaded: run this command where the API runs, and check health() there.",
    };
  }
  if (status >= 500) return { why: ': the API itself fails.', fix: 'See the log of the API.' };
  return undefined;
}

/** Returns the path, or only the origin if it is another one: the path there may contain what was sent. */
function placeOf({ origin, pathname }: URL, from: URL): string {
  return origin === from.origin ? `${pathname} on the same server` : origin;
}
