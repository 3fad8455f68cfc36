import { text } from 'node:stream/consumers';
import type { AuthError, VerifyOptions } from '../../index.js';
import { type DecodedToken, decodeToken, tokenIn, Undecodable } from '../checks/decoded-token.js';
import { kindOfToken, type TokenKind } from '../checks/token-kind.js';
import { type ApiConfiguration, refusalOf } from '../checks/verified.js';
import { type Output, printable } from '../output.js';
import {
  allowsInsecure,
  endpointsOf,
  type Given,
  organizationOf,
  resourcesOf,
  scopesOf,
} from '../settings.js';
import { COMMON_OPTIONS, ExitCode, readArguments, UsageError } from '../usage.js';
import { fromNow } from '../words.js';
import { showToken } from './show-token.js';

/** What is asked of the token; the endpoints are none where it cannot be verified. */
interface Asked extends ApiConfiguration {
  readonly scopes: readonly string[];
  readonly organization: string | undefined;
}

/** What the guard of such an API said. */
interface Verification {
  readonly api: string;
  readonly refusal: AuthError | undefined;
}

/** `logto-m2m inspect`: what is in a token, and why it is refused. It is sent nowhere. */
export async function inspect(args: readonly string[], output: Output): Promise<ExitCode> {
  const { values, positionals } = readArguments({
    args: [...args],
    options: COMMON_OPTIONS,
    allowPositionals: true,
  });
  if (positionals.length > 1) throw new UsageError('pass one token, or none and the token on stdin.');
  const asked = readAsked(values);
  const token = tokenIn(positionals[0] ?? (await fromStdin()));
  if (token === '') throw new UsageError('there is no token: what came is empty.');

  const decoded = decodeToken(token);
  if (decoded instanceof Undecodable) {
    if (values.json) output.json({ kind: 'undecodable', sentence: decoded.why });
    else output.result(decoded.why);
    return ExitCode.finding;
  }
  const kind = kindOfToken(decoded);
  const untimely = untimeliness(decoded);
  const verification = asked.endpoints.length === 0 ? undefined : await verify(token, decoded, kind, asked);
  if (values.json) output.json(forMachines(decoded, kind, verification));
  else {
    showToken(decoded, kind, output);
    output.result('');
    for (const line of verdict(verification, untimely, output)) output.result(line);
  }
  const isWell = kind.isForMachines && untimely === undefined && verification?.refusal === undefined;
  return isWell ? ExitCode.well : ExitCode.finding;
}

function readAsked(given: Given): Asked {
  return {
    endpoints: endpointsOf(given),
    resources: resourcesOf(given),
    scopes: scopesOf(given),
    organization: organizationOf(given),
    allowInsecure: allowsInsecure(given),
  };
}

async function fromStdin(): Promise<string> {
  if (process.stdin.isTTY) throw new UsageError('which token? Pass it as an argument, or on stdin.');
  return text(process.stdin);
}

async function verify(
  token: string,
  { claims }: DecodedToken,
  kind: TokenKind,
  asked: Asked,
): Promise<Verification> {
  const { endpoints, scopes } = asked;
  const named = [claims['aud']].flat().filter((aud) => typeof aud === 'string');
  // No API can be configured with the others, so any audience will tell that the token is for none.
  const possible = named.filter((aud) => URL.canParse(aud) && !/^urn:logto:/i.test(aud));
  const lists = [asked.resources, possible, ['https://your.api']];
  const resources = lists.find((list) => list.length > 0) ?? [];
  const demand = demandFor(kind, asked);
  const refusal = await refusalOf(
    token,
    { ...asked, resources },
    { ...demand, ...(scopes.length > 0 && { scopes }) },
  );
  const audience = demand.organizationToken === undefined ? resources.join(' or ') : 'organization tokens';
  return { api: `an API with the endpoint ${endpoints.join(' or ')}, for ${audience}`, refusal };
}

/** The organization that was named, or the one for which the token says it holds. */
function demandFor(
  { demand }: TokenKind,
  { organization: id }: Asked,
): Pick<VerifyOptions, 'organization' | 'organizationToken'> {
  if (id === undefined) return demand;
  return demand.organizationToken === undefined ? { organization: { id } } : { organizationToken: { id } };
}

/** Whether it is no time for the token, which can be said without keys. */
function untimeliness({ claims: { exp, nbf } }: DecodedToken): string | undefined {
  const now = Date.now() / 1000;
  if (typeof exp === 'number' && exp <= now) return `It expired ${fromNow(exp, now)}: ask for a new one.`;
  if (typeof nbf === 'number' && nbf > now) return `It is not valid yet, but ${fromNow(nbf, now)}.`;
  return undefined;
}

function verdict(
  verification: Verification | undefined,
  untimely: string | undefined,
  output: Output,
): string[] {
  const cross = output.paint('red', '✗');
  if (verification === undefined) {
    const advice = 'Not verified. With LOGTO_ENDPOINT or --endpoint it is verified, too.';
    return untimely === undefined ? [advice] : [`${cross} ${untimely}`, advice];
  }
  const { api, refusal } = verification;
  if (refusal === undefined) return [`${output.paint('green', '✓')} Accepted by ${printable(api)}.`];
  const { reason, description, hint } = refusal;
  // Then nothing was said of the token.
  const word = refusal.status === 503 ? 'Not verified' : 'Refused';
  const lines = [`${cross} ${word} by ${printable(api)}: ${description} (${reason})`];
  if (reason === 'expired' && untimely !== undefined) lines.push(`  ${untimely}`);
  if (hint !== undefined) lines.push(`  ${printable(hint)}`);
  return lines;
}

function forMachines(decoded: DecodedToken, kind: TokenKind, verification: Verification | undefined) {
  const refusal = verification?.refusal;
  return {
    kind: kind.name,
    sentence: kind.sentence,
    ...decoded,
    ...(verification !== undefined && {
      verification: {
        accepted: refusal === undefined,
        ...(refusal && { reason: refusal.reason, description: refusal.description, hint: refusal.hint }),
      },
    }),
  };
}
