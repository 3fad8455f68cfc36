import { keysFromJwks } from '../../keys/verification-key.js';
import { duration } from '../words.js';
import { type Answer, ask, Unreachable } from './ask.js';
import { type Finding, ok, problem } from './finding.js';
import { checkIssuer } from './issuer.js';

/** As an API has it, where nobody has set another. */
const CLOCK_TOLERANCE = 5;

/** What was found at one endpoint. */
export interface Examined {
  readonly findings: readonly Finding[];
  /** Whether Logto answers there at all: without it nothing else can be asked. */
  readonly isLogto: boolean;
}

/** Reaches Logto, and compares what it says of itself with what an API with this endpoint expects. */
export async function examineLogto(endpoint: string): Promise<Examined> {
  const answer = await ask(`${endpoint}/oidc/.well-known/openid-configuration`);
  if (answer instanceof Unreachable) {
    return { findings: [problem('endpoint', `${endpoint}: ${answer.why}.`, answer.fix)], isLogto: false };
  }
  const discovery = objectIn(answer);
  const { issuer } = discovery ?? {};
  if (typeof issuer !== 'string') return { findings: [noLogto(endpoint, answer)], isLogto: false };
  const findings = [
    ok('endpoint', `${endpoint} answers.`),
    checkIssuer(endpoint, issuer),
    await checkKeys(endpoint),
    ...checkClock(answer),
  ];
  return { findings, isLogto: true };
}

function noLogto(endpoint: string, { status, headers }: Answer): Finding {
  const type = headers.get('content-type')?.split(';')[0] ?? 'nothing';
  const location = headers.get('location');
  if (status >= 300 && status < 400 && location !== null && URL.canParse(location, endpoint)) {
    return problem(
      'endpoint',
      `${endpoint} redirects to ${new URL(location, endpoint).origin} (${status}), which is not followed.`,
      'Set LOGTO_ENDPOINT to the address at which Logto itself answers, with https if it has that.',
    );
  }
  if (status >= 500) {
    const message = `${endpoint} answers with status ${status} (${type}): Logto, or a proxy before it, fails.`;
    return problem('endpoint', message, 'Look at the log of Logto, and of the proxy before it.');
  }
  return problem(
    'endpoint',
    `What answers at ${endpoint} is no Logto: status ${status}, ${type}, and no discovery document.`,
    'Are host, port and path those of Logto? A proxy, a login page or another server may answer in its place.',
  );
}

async function checkKeys(endpoint: string): Promise<Finding> {
  const url = `${endpoint}/oidc/jwks`;
  const answer = await ask(url);
  if (answer instanceof Unreachable) return problem('keys', `${url}: ${answer.why}.`, answer.fix);
  const fix =
    'An API fetches its keys there: let the proxy before Logto pass this address as it passes the others.';
  if (answer.status !== 200) return problem('keys', `${url} answers with status ${answer.status}.`, fix);
  try {
    const keys = [...keysFromJwks(objectIn(answer)).values()];
    const names = keys.map((key) => {
      const { crv, kty, alg = crv ?? kty } = key.toJwk() as Record<string, unknown>;
      return `${alg} ${key.kid.slice(0, 8)}…`;
    });
    return ok('keys', `${keys.length} to verify with: ${names.join(', ')}`);
  } catch (error) {
    return problem('keys', `${url} cannot be used: ${(error as Error).message}.`, fix);
  }
}

function checkClock({ headers, at }: Answer): Finding[] {
  const date = Date.parse(headers.get('date') ?? '');
  if (Number.isNaN(date)) return [];
  // What a cache has kept for a while was dated then (RFC 9111 section 5.1).
  const age = Number(headers.get('age') ?? 0) || 0;
  // The header is in whole seconds, so the moment is on average half a second later.
  const ahead = (at - date) / 1000 - age - 0.5;
  if (Math.abs(ahead) <= CLOCK_TOLERANCE) return [ok('clock', 'It agrees with that of Logto.')];
  const [which, effect] =
    ahead > 0
      ? ['ahead of', 'tokens seem to expire earlier than they do']
      : ['behind', 'tokens still pass after they have expired, and new ones may seem not yet valid'];
  return [
    problem(
      'clock',
      `The clock of this machine is ${duration(ahead)} ${which} that of Logto: ${effect}.`,
      'Set both by NTP (timedatectl set-ntp true). An API bears 5 seconds; clockTolerance can make that more, and hides the cause.',
    ),
  ];
}

function objectIn({ status, text }: Answer): Record<string, unknown> | undefined {
  if (status !== 200) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
