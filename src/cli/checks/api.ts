import { inARow } from '../words.js';
import { type Answer, ask } from './ask.js';
import { challengeIn } from './challenge.js';
import { type Finding, ok, problem } from './finding.js';
import { fixForRefusal, type Sent } from './refused-token.js';
import { Unreachable } from './unreachable.js';

/** What an API says to a request without a token. */
export interface Door {
  readonly finding: Finding;
  /** Whether it is worth asking again, with a token. */
  readonly isThere: boolean;
  /** The permissions that it says the route needs. */
  readonly scopes: readonly string[];
}

/** Asks without a token: a protected route has to say 401, and with it what it needs. */
export async function knock(url: URL): Promise<Door> {
  const answer = await ask(url);
  const shown = addressOf(url);
  if (answer instanceof Unreachable) {
    const finding = problem('api-closed', `${shown}: ${answer.why}.`, answer.fix);
    return { finding, isThere: false, scopes: [] };
  }
  const scopes = challengeIn(answer.headers)?.scopes ?? [];
  return { finding: judgeOpen(shown, answer, scopes), isThere: true, scopes };
}

function judgeOpen(shown: string, answer: Answer, scopes: readonly string[]): Finding {
  const { status, headers } = answer;
  if (status >= 200 && status < 300) {
    return problem(
      'api-closed',
      `${shown} answers ${status} without a token: the route is open to everybody.`,
      'Mount the guard before the handler: app.get(path, requireScopes(…), handler). Is the route defined before app.use(guard)?',
    );
  }
  if (status === 401) {
    if (challengeIn(headers) !== undefined) {
      const needs = scopes.length > 0 ? `, and names ${inARow(scopes)}` : '';
      return ok('api-closed', `${shown} answers 401 without a token, as it should${needs}.`);
    }
    return problem(
      'api-closed',
      `${shown} answers 401 without a token, and asks for no bearer token.`,
      'Something else guards it, as a proxy with a login of its own: let such requests through to the API.',
    );
  }
  return unexpected('api-closed', shown, answer, 'without a token');
}

/** Asks with the token, once, and explains what comes. */
export async function enter(url: URL, token: string, sent: Sent): Promise<Finding> {
  const answer = await ask(url, { authorization: `Bearer ${token}` });
  const shown = addressOf(url);
  if (answer instanceof Unreachable) return problem('api', `${shown}: ${answer.why}.`, answer.fix);
  const { status, headers } = answer;
  if (status >= 200 && status < 300) return ok('api', `${shown} answers ${status} with the token.`);
  if (status !== 401 && status !== 403) return unexpected('api', shown, answer, 'with the token');
  const challenge = challengeIn(headers);
  const said = challenge?.description ?? challenge?.error;
  const message = `${shown} answers ${status} with the token${said === undefined ? ', and says no more.' : `: ${said}`}`;
  return problem('api', message, fixForRefusal(status, challenge, sent));
}

function unexpected(check: string, shown: string, { status, headers }: Answer, how: string): Finding {
  const message = `${shown} answers ${status} ${how}`;
  if (status === 503) {
    const after = headers.has('retry-after') ? ', and wants to be asked later' : '';
    return problem(
      check,
      `${message}${after}.`,
      "The API cannot get Logto's keys, or is overloaded: run this command where the API runs, and look at health() there.",
    );
  }
  if (status >= 300 && status < 400) {
    return problem(
      check,
      `${message}, a redirect, which no token follows.`,
      'Name the address to which it leads.',
    );
  }
  if (status >= 500) return problem(check, `${message}: it fails by itself.`, 'Look at the log of the API.');
  if (check === 'api') return ok(check, `${message}: no guard has refused it.`);
  if (status === 404 || status === 405) {
    const fix = 'There is nothing to GET: name the path of a protected route that answers GET.';
    return problem(check, `${message}.`, fix);
  }
  return problem(
    check,
    `${message}, where a guard says 401.`,
    'Is something before the guard that answers itself?',
  );
}

/** Without the query, which may hold what is nobody's business. */
function addressOf({ origin, pathname }: URL): string {
  return origin + pathname;
}
