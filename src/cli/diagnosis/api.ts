import { redact } from '../redact.js';
import { joinWords } from '../words.js';
import { type Challenge, challengeIn } from './challenge.js';
import { type Finding, ok, problem, skipped } from './finding.js';
import { get, type HttpResponse } from './get.js';
import { fixForRefusal, type Sent } from './refused-token.js';
import { failureOf } from './status.js';
import { Unreachable } from './unreachable.js';

/** The response of an API to a request without a token. */
export interface WithoutToken {
  readonly finding: Finding;
  /** Whether the API responded at all. */
  readonly hasResponded: boolean;
  /** Whether a guard for bearer tokens responded. */
  readonly isGuarded: boolean;
  /** The permissions in its challenge. */
  readonly scopes: readonly string[];
}

/** The response to a request with a token. */
export interface WithToken {
  readonly finding: Finding;
  /** Whether the handler responded with a 2xx status. */
  readonly succeeded: boolean;
}

/** Sends a request without a token: a protected route must return 401 with a challenge. */
export async function requestWithoutToken(url: URL): Promise<WithoutToken> {
  const response = await get(url);
  const shown = addressOf(url);
  if (response instanceof Unreachable) {
    const finding = problem('api-closed', `${shown}: ${response.why}.`, response.fix);
    return { finding, hasResponded: false, isGuarded: false, scopes: [] };
  }
  const challenge = challengeIn(response.headers);
  return {
    finding: judgeWithoutToken(url, response, challenge),
    hasResponded: true,
    isGuarded: response.status === 401 && challenge !== undefined,
    scopes: challenge?.scopes ?? [],
  };
}

function judgeWithoutToken(url: URL, response: HttpResponse, challenge: Challenge | undefined): Finding {
  const { status } = response;
  const message = `${addressOf(url)} returns ${status} without a token`;
  if (status >= 200 && status < 300) {
    return problem(
      'api-closed',
      `${message}: the route is open to everybody.`,
      'Mount the guard before the handler: app.get(path, requireScopes(…), handler). Is the route defined before app.use(guard)?',
    );
  }
  if (status === 401) {
    if (challenge !== undefined) {
      const needs = challenge.scopes.length > 0 ? `, and names ${joinWords(challenge.scopes)}` : '';
      return ok('api-closed', `${message}, as it should${needs}.`);
    }
    return problem(
      'api-closed',
      `${message}, but does not request a bearer token.`,
      'Something else guards the route, such as a proxy with its own login: let requests with bearer tokens pass to the API.',
    );
  }
  const failure = failureOf(response, url);
  if (failure !== undefined) return problem('api-closed', message + failure.why, failure.fix);
  if (status === 404 || status === 405) {
    const fix = 'Nothing responds to GET at this path: name the path of a protected route that handles GET.';
    return problem('api-closed', `${message}.`, fix);
  }
  const fix = 'Does a handler before the guard respond instead?';
  return problem('api-closed', `${message}, but a guard returns 401.`, fix);
}

/** Sends one request with the token, and explains the response. */
export async function requestWithToken(
  url: URL,
  token: string,
  sent: Sent,
  { isGuarded }: Pick<WithoutToken, 'isGuarded'>,
): Promise<WithToken> {
  const response = await get(url, { authorization: `Bearer ${token}` });
  if (response instanceof Unreachable) {
    const message = `${addressOf(url)}: ${response.why}.`;
    return { finding: problem('api', message, response.fix), succeeded: false };
  }
  const succeeded = response.status >= 200 && response.status < 300;
  const finding = succeeded
    ? ok('api', `${addressOf(url)} returns ${response.status} with the token.`)
    : judgeWithToken(url, response, token, sent, isGuarded);
  return { finding, succeeded };
}

function judgeWithToken(
  url: URL,
  response: HttpResponse,
  token: string,
  sent: Sent,
  isGuarded: boolean,
): Finding {
  const { status, headers } = response;
  const message = `${addressOf(url)} returns ${status} with the token`;
  const challenge = challengeIn(headers);
  const refuses = status === 401 || status === 403 || (status === 400 && challenge !== undefined);
  if (refuses || challenge?.error !== undefined) {
    const said = challenge?.description ?? challenge?.error;
    const words = said === undefined ? ', without a reason.' : `: ${redact(said, token)}`;
    return problem('api', message + words, fixForRefusal(status, challenge, sent));
  }
  const failure = failureOf(response, url);
  if (failure !== undefined) return problem('api', message + failure.why, failure.fix);
  if (isGuarded) return ok('api', `${message}: no guard refused it.`);
  return skipped(
    'api',
    `${message}, but no guard responds without a token: whether the API accepts the token is unknown.`,
  );
}

/** Returns the address without the query, which may contain a secret. */
function addressOf({ origin, pathname }: URL): string {
  return origin + pathname;
}
