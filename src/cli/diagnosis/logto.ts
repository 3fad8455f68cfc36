import { fetchJwks } from '../../keys/fetch-jwks.js';
import { checkEndpoint } from '../../options/uris.js';
import { backoffDelay } from '../../util/backoff-delay.js';
import type { Io } from '../io.js';
import { assignment } from '../words.js';
import { checkClock } from './clock.js';
import { type Finding, ok, problem } from './finding.js';
import { getJson, type JsonResponse, timeoutSignal } from './get.js';
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
  const response = await getJsonWithRetries(`${endpoint}/oidc/.well-known/openid-configuration`, pause);
  if (response instanceof Unreachable) {
    return { findings: [problem('endpoint', `${endpoint}: ${response.why}.`, response.fix)], isLogto: false };
  }
  const issuer = response.status === 200 ? response.body?.['issuer'] : undefined;
  if (typeof issuer !== 'string') return { findings: [noLogto(endpoint, response)], isLogto: false };
  const named = (finding: Finding) =>
    isOneOfSeveral ? { ...finding, message: `${endpoint}: ${finding.message}` } : finding;
  const findings = [
    await checkTenant(endpoint),
    checkIssuer(endpoint, issuer),
    named(await checkKeys(endpoint)),
    named(checkClock(response)),
  ];
  return { findings, isLogto: true };
}

/** Sends a request, and retries it while Logto is busy or fails. */
async function getJsonWithRetries(url: string, pause: Io['pause']): Promise<JsonResponse | Unreachable> {
  const end = performance.now() + LONGEST;
  for (let failures = 0; ; failures += 1) {
    const response = await getJson(url);
    const isTransient =
      !(response instanceof Unreachable) && (response.status === 429 || response.status >= 500);
    const duration = backoffDelay(failures, FIRST_PAUSE);
    if (!isTransient || performance.now() + duration > end) return response;
    await pause(duration);
  }
}

/**
 * Checks that this is the tenant of the API, and not that of the Console. In Logto's source, only the admin tenant has
 * this route (packages/core, routes/well-known).
 */
async function checkTenant(endpoint: string): Promise<Finding> {
  const response = await getJson(`${endpoint}/api/.well-known/endpoints/default`);
  const other =
    response instanceof Unreachable || response.status !== 200 ? undefined : response.body?.['user'];
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

function noLogto(endpoint: string, response: JsonResponse): Finding {
  const { status, headers, incomplete } = response;
  const type = headers.get('content-type')?.split(';')[0] ?? 'nothing';
  const target = redirectOf(response, endpoint);
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
      'Wait, and run this again. Logto, or a proxy in front of it, sets that limit.',
    );
  }
  if (status >= 500) {
    const message = `${endpoint} responds with status ${status} (${type}), also to retries: Logto, or a proxy in front of it, fails.`;
    const fix = 'See the logs of Logto and of the proxy in front of it. Does Logto reach its database?';
    return problem('endpoint', message, fix);
  }
  if (status === 200 && incomplete !== undefined) {
    return problem(
      'endpoint',
      `${endpoint} responds with status 200 (${type}), but ${incomplete}.`,
      'Is the server Logto? If so, Logto or a proxy in front of it hangs or truncates responses: see their logs.',
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
  const uri = `${endpoint}/oidc/jwks`;
  try {
    const list = await fetchJwks(uri, fetch, timeoutSignal());
    const keys = [...list.keys.values()];
    const names = keys.map((key) => {
      const { crv, kty, alg = crv ?? kty } = key.toJwk();
      return `${alg} ${key.kid.slice(0, 8)}…`;
    });
    return ok('keys', `${keys.length} for verification: ${names.join(', ')}`);
  } catch (error) {
    const fix = `Check that ${uri} returns Logto's JWK Set, and that no proxy blocks or changes it.`;
    return problem('keys', `${(error as Error).message}.`, fix);
  }
}
