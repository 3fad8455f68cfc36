import { redact } from '../redact.js';
import { inARow } from '../words.js';
import { type Answer, ask } from './ask.js';
import { type Challenge, challengeIn } from './challenge.js';
import { type Finding, ok, problem, skipped } from './finding.js';
import { fixForRefusal, type Sent } from './refused-token.js';
import { failureOf } from './status.js';
import { Unreachable } from './unreachable.js';

/** The response of an API to a request without a token. */
export interface WithoutToken {
  readonly finding: Finding;
  /** Whether the API responded at all. */
  readonly isThere: boolean;
  /** Whether a guard for bearer tokens responded. */
  readonly isGuarded: boolean;
  /** The permissions in its challenge. */
  readonly scopes: readonly string[];
}

/** The response to a request with a token. */
export interface WithToken {
  readonly finding: Finding;
  /** Whether the handler responded with a 2xx status. */
  readonly isIn: boolean;
}

/** Sends a request without a token: a protected route must return 401 with a challenge. */
export async function askWithoutToken(url: URL): Promise<WithoutToken> {
  const answer = await ask(url);
  const shown = addressOf(url);
  if (answer instanceof Unreachable) {
    const finding = problem('api-closed', `${shown}: ${answer.why}.`, answer.fix);
    return { finding, isThere: false, isGuarded: false, scopes: [] };
  }
  const challenge = challengeIn(answer.headers);
  return {
    finding: judgeOpen(url, answer, challenge),
    isThere: true,
    isGuarded: answer.status === 401 && challenge !== undefined,
    scopes: challenge?.scopes ?? [],
  };
}

function judgeOpen(url: URL, answer: Answer, challenge: Challenge | undefined): Finding {
  const { status } = answer;
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
      const needs = challenge.scopes.length > 0 ? `, and names ${inARow(challenge.scopes)}` : '';
      return ok('api-closed', `${message}, as it should${needs}.`);
    }
    return problem(
      'api-closed',
      `${message}, but does not request a bearer token.`,
      'Something else guards the route, such as a proxy with its own login: let requests with bearer tokens pass to the API.',
    );
  }
  const failure = failureOf(answer, url);
  if (failure !== undefined) return problem('api-closed', message + failure.why, failure.fix);
  if (status === 404 || status === 405) {
    const fix = 'Nothing responds to GET at this path: name the path of a protected route that handles GET.';
    return problem('api-closed', `${message}.`, fix);
  }
  const fix = 'Does a handler before the guard respond instead?';
  return problem('api-closed', `${message}, but a guard returns 401.`, fix);
}

/** Sends one request with the token, and explains the response. */
export async function askWithToken(
  url: URL,
  token: string,
  sent: Sent,
  { isGuarded }: Pick<WithoutToken, 'isGuarded'>,
): Promise<WithToken> {
  const answer = await ask(url, { authorization: `Bearer ${token}` });
  if (answer instanceof Unreachable) {
    const message = `${addressOf(url)}: ${answer.why}.`;
    return { finding: problem('api', message, answer.fix), isIn: false };
  }
  const isIn = answer.status >= 200 && answer.status < 300;
  const finding = isIn
    ? ok('api', `${addressOf(url)} returns ${answer.status} with the token.`)
    : judgeAnswer(url, answer, token, sent, isGuarded);
  return { finding, isIn };
}

function judgeAnswer(url: URL, answer: Answer, token: string, sent: Sent, isGuarded: boolean): Finding {
  const { status, headers } = answer;
  const message = `${addressOf(url)} returns ${status} with the token`;
  const challenge = challengeIn(headers);
  const refuses = status === 401 || status === 403 || (status === 400 && challenge !== undefined);
  if (refuses || challenge?.error !== undefined) {
    const said = challenge?.description ?? challenge?.error;
    const words = said === undefined ? ', without a reason.' : `: ${redact(said, token)}`;
    return problem('api', message + words, fixForRefusal(status, challenge, sent));
  }
  const failure = failureOf(answer, url);
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
