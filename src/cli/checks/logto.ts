import { fetchJwks } from '../../keys/fetch-jwks.js';
import { askForJson, type JsonAnswer, patience } from './ask.js';
import { checkClock } from './clock.js';
import { type Finding, ok, problem } from './finding.js';
import { checkIssuer } from './issuer.js';
import { redirectOf } from './redirect.js';
import { Unreachable } from './unreachable.js';

/** What was found at one endpoint. */
export interface Examined {
  readonly findings: readonly Finding[];
  /** Whether Logto answers there at all: without it nothing else can be asked. */
  readonly isLogto: boolean;
}

/**
 * Reaches Logto, and compares what it says of itself with what an API with this endpoint expects.
 *
 * @param isOneOfSeveral - then each line has to say of which it is
 */
export async function examineLogto(endpoint: string, isOneOfSeveral: boolean): Promise<Examined> {
  const answer = await askForJson(`${endpoint}/oidc/.well-known/openid-configuration`);
  if (answer instanceof Unreachable) {
    return { findings: [problem('endpoint', `${endpoint}: ${answer.why}.`, answer.fix)], isLogto: false };
  }
  const issuer = answer.status === 200 ? answer.body?.['issuer'] : undefined;
  if (typeof issuer !== 'string') return { findings: [noLogto(endpoint, answer)], isLogto: false };
  const named = (finding: Finding) =>
    isOneOfSeveral ? { ...finding, message: `${endpoint}: ${finding.message}` } : finding;
  const findings = [
    ok('endpoint', `${endpoint} answers.`),
    checkIssuer(endpoint, issuer),
    named(await checkKeys(endpoint)),
    named(checkClock(answer)),
  ];
  return { findings, isLogto: true };
}

function noLogto(endpoint: string, answer: JsonAnswer): Finding {
  const { status, headers, unfinished } = answer;
  const type = headers.get('content-type')?.split(';')[0] ?? 'nothing';
  const target = redirectOf(answer, endpoint);
  if (target !== undefined) {
    return problem(
      'endpoint',
      `${endpoint} redirects to ${target.origin} (${status}), which is not followed.`,
      'Set LOGTO_ENDPOINT to the address at which Logto itself answers, with https if it has that.',
    );
  }
  if (status >= 500) {
    const message = `${endpoint} answers with status ${status} (${type}): Logto, or a proxy before it, fails.`;
    return problem('endpoint', message, 'Look at the log of Logto, and of the proxy before it.');
  }
  if (status === 200 && unfinished !== undefined) {
    return problem(
      'endpoint',
      `${endpoint} answers with status 200 (${type}), and ${unfinished}.`,
      'Is it Logto at all? If so, it or a proxy before it is stuck, or cuts answers: look at their logs.',
    );
  }
  return problem(
    'endpoint',
    `What answers at ${endpoint} is no Logto: status ${status}, ${type}, and no discovery document.`,
    'Are host, port and path those of Logto? A proxy, a login page or another server may answer in its place.',
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
    return ok('keys', `${keys.length} to verify with: ${names.join(', ')}`);
  } catch (error) {
    const fix =
      'An API fetches its keys there: let the proxy before Logto pass this address as it passes the others.';
    return problem('keys', `${(error as Error).message}.`, fix);
  }
}
