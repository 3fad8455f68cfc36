import type { AuthError, AuthErrorReason, VerifyOptions } from '../../index.js';
import { CLOCK_TOLERANCE } from '../../options/logto-auth-options.js';
import { own } from '../../util/own.js';
import { checkTime } from '../../verification/claims.js';
import { type DecodedToken, decodeToken, Undecodable } from '../diagnosis/decoded-token.js';
import { tokenIn } from '../diagnosis/pasted-token.js';
import { kindOfToken, type TokenKind } from '../diagnosis/token-kind.js';
import { type ApiConfiguration, isResource, PLACEHOLDER_AUDIENCE, refusalOf } from '../diagnosis/verified.js';
import type { Io } from '../io.js';
import type { Line, Output, Painted } from '../output.js';
import { CliSettings } from '../settings.js';
import { readStandardInput } from '../standard-input.js';
import { COMMON_OPTIONS, ExitCode, parseArguments, UsageError } from '../usage.js';
import { fromNow } from '../words.js';
import { showToken } from './show-token.js';

/** The requirements for the token. Without endpoints, it cannot be verified. */
interface Requirements extends ApiConfiguration {
  readonly scopes: readonly string[];
  readonly organization: string | undefined;
}

/** The result of an API's guard. */
interface Verification {
  readonly api: string;
  readonly refusal: AuthError | undefined;
}

/** Why the token is not valid at this time. */
interface TimeFault {
  readonly reason: AuthErrorReason;
  readonly sentence: string;
}

/** The defaults of an API. */
const TIMING = { clockTolerance: CLOCK_TOLERANCE, maxTokenAge: undefined };

/** `logto-m2m inspect`: shows the content of a token, and why it is refused. The token is not sent anywhere. */
export async function inspect(args: readonly string[], io: Io, output: Output): Promise<ExitCode> {
  const { values, positionals } = parseArguments({
    args: [...args],
    options: COMMON_OPTIONS,
    allowPositionals: true,
  });
  if (positionals.length > 1) throw new UsageError('pass one token, as an argument or on stdin.');
  const required = readRequirements(new CliSettings(values, io.env));
  const pasted = tokenIn(positionals[0] ?? (await readStandardInput(io, 'token')));
  const isJson = own(values, 'json') === true;
  if (pasted instanceof Undecodable) return explain(pasted, isJson, output);
  const { token, ignored } = pasted;
  if (token === '') throw new UsageError('there is no token: the input is empty.');
  if (ignored !== undefined)
    output.say(`The input also contains ${ignored}: only the access token is inspected.`);
  const decoded = decodeToken(token);
  if (decoded instanceof Undecodable) return explain(decoded, isJson, output);

  const kind = kindOfToken(decoded);
  const timeFault = timeFaultIn(decoded);
  const verification =
    required.endpoints.length === 0 ? undefined : await verify(token, decoded, kind, required);
  if (isJson) output.json(forMachines(decoded, kind, verification, timeFault));
  else {
    showToken(decoded, kind, output);
    output.result('');
    for (const line of verdict(verification, timeFault)) output.result(line);
  }
  const refused = verification === undefined ? timeFault : verification.refusal;
  return kind.isForMachines && refused === undefined ? ExitCode.ok : ExitCode.finding;
}

function explain({ why }: Undecodable, isJson: boolean, output: Output): ExitCode {
  if (isJson) output.json({ kind: 'undecodable', sentence: why });
  else output.result(why);
  return ExitCode.finding;
}

function readRequirements(settings: CliSettings): Requirements {
  return {
    endpoints: settings.endpoints(),
    resources: settings.resources(),
    scopes: settings.scopes(),
    organization: settings.organization(),
    allowInsecure: settings.allowsInsecure,
  };
}

async function verify(
  token: string,
  { claims }: DecodedToken,
  kind: TokenKind,
  required: Requirements,
): Promise<Verification> {
  const { endpoints, scopes } = required;
  // Only these values can be the audience of an API. Without any, a placeholder makes the refusal show that the token
  // is for no API.
  const possible = [claims['aud']].flat().filter(isResource);
  const lists = [required.resources, possible, [PLACEHOLDER_AUDIENCE]];
  const resources = lists.find((list) => list.length > 0) ?? [];
  const demand = demandFor(kind, required);
  const refusal = await refusalOf(
    token,
    { ...required, resources },
    { ...demand, ...(scopes.length > 0 && { scopes }) },
  );
  const audience =
    own(demand, 'organizationToken') === undefined ? resources.join(' or ') : 'organization tokens';
  return { api: `an API with the endpoint ${endpoints.join(' or ')}, for ${audience}`, refusal };
}

/** Requires the organization of the option; without the option, the organization in the token. */
function demandFor(
  { demand }: TokenKind,
  { organization: id }: Requirements,
): Pick<VerifyOptions, 'organization' | 'organizationToken'> {
  if (id === undefined) return demand;
  return own(demand, 'organizationToken') === undefined
    ? { organization: { id } }
    : { organizationToken: { id } };
}

/** Checks the times of the token with an API's defaults. This needs no keys. */
function timeFaultIn({ claims: { exp, nbf, iat } }: DecodedToken): TimeFault | undefined {
  const reason = checkTime(exp, nbf, iat, TIMING, Date.now())?.reason;
  if (reason === undefined) return undefined;
  const sentence =
    reason === 'expired'
      ? `It expired ${fromNow(Number(exp))}: request a new token.`
      : `It is not valid yet: it becomes valid ${fromNow(Number(nbf))}.`;
  return { reason, sentence };
}

const CROSS: Painted = { format: 'red', text: '✗' };
const TICK: Painted = { format: 'green', text: '✓' };

function verdict(verification: Verification | undefined, timeFault: TimeFault | undefined): Line[] {
  if (verification === undefined) {
    const advice = 'Not verified: set LOGTO_ENDPOINT or pass --endpoint to verify the token.';
    return timeFault === undefined ? [advice] : [[CROSS, ` ${timeFault.sentence}`], advice];
  }
  const { api, refusal } = verification;
  if (refusal === undefined) return [[TICK, ` Accepted by ${api}.`]];
  const { reason, description, hint } = refusal;
  // With a 503, the token itself was not checked.
  const word = refusal.status === 503 ? 'Not verified' : 'Refused';
  const lines: Line[] = [[CROSS, ` ${word} by ${api}: ${description} (${reason})`]];
  if (reason === 'expired' && timeFault !== undefined) lines.push(`  ${timeFault.sentence}`);
  if (hint !== undefined) lines.push(`  ${hint}`);
  return lines;
}

function forMachines(
  decoded: DecodedToken,
  kind: TokenKind,
  verification: Verification | undefined,
  timeFault: TimeFault | undefined,
) {
  const refusal = verification?.refusal;
  return {
    kind: kind.name,
    sentence: kind.sentence,
    ...decoded,
    // The result of the verification takes precedence. Without it, only the time can be checked.
    ...(verification === undefined && timeFault !== undefined && { untimely: timeFault }),
    ...(verification !== undefined && {
      verification: {
        accepted: refusal === undefined,
        ...(refusal && { reason: refusal.reason, description: refusal.description, hint: refusal.hint }),
      },
    }),
  };
}
