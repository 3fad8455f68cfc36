import { fetchJwks } from '../../keys/fetch-jwks.js';
import { checkEndpoint } from '../../options/uris.js';
import { backoffDelay } from '../../util/backoff-delay.js';
import type { Io } from '../io.js';
import { assignment } from '../words.js';
import { askForJson, type JsonAnswer, patience } from './ask.js';
import { checkClock } from './clock.js';
import { type Finding, ok, problem } from './finding.js';
import { checkIssuer } from './issuer.js';
import { redirectOf } from './redirect.js';
import { Unreachable } from './unreachable.js';

/** How long requests are retried while Logto is busy or fails, in milliseconds. */
const LONGEST = 10_000;
/** The shortest delay before the first retry, in milliseconds. */
const FIRST_PAUSE = 400;

/** The findings at one endpoint. */
export interface Examined {
  readonly findings: readonly Finding[];
  /** Whether Logto responds there. If not, no other check is possible. */
  readonly isLogto: boolean;
}

/**
 * Fetches the discovery document of Logto, and compares it with what an API with this endpoint expects.
 *
 * @param isOneOfSeveral - whether each finding must name its endpoint
 * @param pause - waits before a retry
 */
export async function examineLogto(
  endpoint: string,
  isOneOfSeveral: boolean,
  pause: Io['pause'],
): Promise<Examined> {
  const answer = await askUntilItAnswers(`${endpoint}/oidc/.well-known/openid-configuration`, pause);
  if (answer instanceof Unreachable) {
    return { findings: [problem('endpoint', `${endpoint}: ${answer.why}.`, answer.fix)], isLogto: false };
  }
  const issuer = answer.status === 200 ? answer.body?.['issuer'] : undefined;
  if (typeof issuer !== 'string') return { findings: [noLogto(endpoint, answer)], isLogto: false };
  const named = (finding: Finding) =>
    isOneOfSeveral ? { ...finding, message: `${endpoint}: ${finding.message}` } : finding;
  const findings = [
    await checkTenant(endpoint),
    checkIssuer(endpoint, issuer),
    named(await checkKeys(endpoint)),
    named(checkClock(answer)),
  ];
  return { findings, isLogto: true };
}

/** Sends a request, and retries it while Logto is busy or fails. */
async function askUntilItAnswers(url: string, pause: Io['pause']): Promise<JsonAnswer | Unreachable> {
  const end = performance.now() + LONGEST;
  for (let failures = 0; ; failures += 1) {
    const answer = await askForJson(url);
    const mayPass = !(answer instanceof Unreachable) && (answer.status === 429 || answer.status >= 500);
    const duration = backoffDelay(failures, FIRST_PAUSE);
    if (!mayPass || performance.now() + duration > end) return answer;
    await pause(duration);
  }
}

/**
 * Checks that this is the tenant of the API, and not that of the Console. In Logto's source, only the admin tenant has
 * this route (packages/core, routes/well-known).
 */
async function checkTenant(endpoint: string): Promise<Finding> {
  const answer = await askForJson(`${endpoint}/api/.well-known/endpoints/default`);
  const other = answer instanceof Unreachable || answer.status !== 200 ? undefined : answer.body?.['user'];
  if (typeof other !== 'string') return ok('endpoint', `${endpoint} responds.`);
  const message = `${endpoint} is the admin tenant of Logto, which serves the Console: your tenant has another issuer and other apps.`;
  const address = endpointIn(other);
  const set =
    address === undefined ? 'Set LOGTO_ENDPOINT to' : `Set ${assignment('LOGTO_ENDPOINT', address)},`;
  return problem('endpoint', message, `${set} the address of your tenant.`);
}

/** Returns the normalized address; undefined if it cannot be an endpoint. */
function endpointIn(address: string): string | undefined {
  try {
    return checkEndpoint('logto-m2m', 'endpoint', address, true);
  } catch {
    return undefined;
  }
}

function noLogto(endpoint: string, answer: JsonAnswer): Finding {
  const { status, headers, unfinished } = answer;
  const type = headers.get('content-type')?.split(';')[0] ?? 'nothing';
  const target = redirectOf(answer, endpoint);
  if (target !== undefined) {
    return problem(
      'endpoint',
      `${endpoint} redirects to ${target.origin} (${status}), which the doctor does not follow.`,
      'Set LOGTO_ENDPOINT to the address at which Logto responds without a redirect, with https if Logto supports it.',
    );
  }
  if (status === 429) {
    return problem(
      'endpoint',
      `${endpoint} responds with status 429 (${type}), also to retries: it limits the rate of requests.`,
      'Wait, and run this again. Logto, or a proxy before it, sets that limit.',
    );
  }
  if (status >= 500) {
    const message = `${endpoint} responds with status ${status} (${type}), also to retries: Logto, or a proxy before it, fails.`;
    const fix = 'See the logs of Logto and of the proxy before it. Does Logto reach its database?';
    return problem('endpoint', message, fix);
  }
  if (status === 200 && unfinished !== undefined) {
    return problem(
      'endpoint',
      `${endpoint} responds with status 200 (${type}), but ${unfinished}.`,
      'Is the server Logto? If so, Logto or a proxy before it hangs or truncates responses: see their logs.',
    );
  }
  return problem(
    'endpoint',
    `The server at ${endpoint} is not Logto: status ${status}, ${type}, and no discovery document.`,
    'Are host, port and path those of Logto? A proxy, a login page or another server may respond instead.',
  );
}

/** Fetches the keys as an API does. */
async function checkKeys(endpoint: string): Promise<Finding> {
  try {
    const list = await fetchJwks(`${endpoint}/oidc/jwks`, fetch, patience());
    const keys = [...list.keys.values()];
    const names = keys.map((key) => {
      const { crv, kty, alg = crv ?? kty } = key.toJwk();
      return `${alg} ${key.kid.slice(0, 8)}…`;
    });
    return ok('keys', `${keys.length} for verification: ${names.join(', ')}`);
  } catch (error) {
    const fix = 'An API fetches its keys from this address: let the proxy before Logto pass requests for it.';
    return problem('keys', `${(error as Error).message}.`, fix);
  }
}
