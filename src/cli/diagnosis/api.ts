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
  /** Whether it is worth asking again, with a token. */
  readonly isThere: boolean;
  /** Whether a guard for bearer tokens has answered. */
  readonly isGuarded: boolean;
  /** The permissions in its challenge. */
  readonly scopes: readonly string[];
}

/** The response to a request with a token. */
export interface WithToken {
  readonly finding: Finding;
  /** Whether the handler has answered, and well. */
  readonly isIn: boolean;
}

/** Asks without a token: a protected route has to say 401, and with it what it needs. */
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
  const message = `${addressOf(url)} answers ${status} without a token`;
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
      `${message}, and asks for no bearer token.`,
      'Something else guards it, as a proxy with a login of its own: let such requests through to the API.',
    );
  }
  const failure = failureOf(answer, url);
  if (failure !== undefined) return problem('api-closed', message + failure.why, failure.fix);
  if (status === 404 || status === 405) {
    const fix = 'There is nothing to GET: name the path of a protected route that answers GET.';
    return problem('api-closed', `${message}.`, fix);
  }
  const fix = 'Is something before the guard that answers itself?';
  return problem('api-closed', `${message}, where a guard says 401.`, fix);
}

/** Asks with the token, once, and explains what comes. */
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
    ? ok('api', `${addressOf(url)} answers ${answer.status} with the token.`)
    : judgeAnswer(url, answer, token, sent, isGuarded);
  return { finding, isIn };
}

function judgeAnswer(url: URL, answer: Answer, token: string, sent: Sent, isGuarded: boolean): Finding {
  const { status, headers } = answer;
  const message = `${addressOf(url)} answers ${status} with the token`;
  const challenge = challengeIn(headers);
  const refuses = status === 401 || status === 403 || (status === 400 && challenge !== undefined);
  if (refuses || challenge?.error !== undefined) {
    const said = challenge?.description ?? challenge?.error;
    const words = said === undefined ? ', and says no more.' : `: ${redact(said, token)}`;
    return problem('api', message + words, fixForRefusal(status, challenge, sent));
  }
  const failure = failureOf(answer, url);
  if (failure !== undefined) return problem('api', message + failure.why, failure.fix);
  if (isGuarded) return ok('api', `${message}: no guard has refused it.`);
  return skipped(
    'api',
    `${message}, and no guard answers without one: whether it lets the token in, nobody knows.`,
  );
}

/** Without the query, which may hold a secret. */
function addressOf({ origin, pathname }: URL): string {
  return origin + pathname;
}
