import { M2MClientError } from '../../client/index.js';
import { own } from '../../util/own.js';
import { tokenFor, type Wanted } from '../diagnosis/granted-token.js';
import { adviceOnRoles } from '../diagnosis/scopes.js';
import type { Io } from '../io.js';
import type { Output } from '../output.js';
import { CliSettings, faultInApp } from '../settings.js';
import { COMMON_OPTIONS, ExitCode, parseArguments, UsageError } from '../usage.js';
import { joinWords } from '../words.js';

/** `logto-m2m token`: prints a token to stdout, and nothing else. */
export async function token(args: readonly string[], { env }: Io, output: Output): Promise<ExitCode> {
  const { values } = parseArguments({ args: [...args], options: COMMON_OPTIONS });
  const wanted = wantedBy(new CliSettings(values, env));
  const { scopes } = wanted;
  try {
    const response = await tokenFor(wanted);
    const missingScopes = scopes.filter((scope) => !response.scopes.includes(scope));
    if (missingScopes.length > 0) {
      output.say(`Logto did not grant ${joinWords(missingScopes)}. ${adviceOnRoles(missingScopes, wanted)}`);
    }
    if (own(values, 'json')) output.json({ ...response, missingScopes });
    else output.result(response.token);
    return ExitCode.ok;
  } catch (error) {
    if (!(error instanceof M2MClientError)) throw error;
    const { code, message } = error;
    const [status, hint] = [own(error, 'status'), own(error, 'hint')];
    if (own(values, 'json')) output.json({ error: { code, status, message, hint } });
    // The message ends with the hint.
    else output.say(message);
    return ExitCode.finding;
  }
}

function wantedBy(settings: CliSettings): Wanted {
  const app = settings.app();
  if (app === undefined) {
    throw new UsageError(
      "the app is missing: set LOGTO_APP_ID and LOGTO_APP_SECRET, from the app's page in Logto.",
    );
  }
  const unacceptable = faultInApp(app);
  if (unacceptable !== undefined) throw new UsageError(`${unacceptable.fault} ${unacceptable.fix}`);
  const [endpoint] = settings.demandEndpoints();
  const organization = settings.organization();
  // Without LOGTO_AUDIENCE, request the organization's own token. The API's guard reads the same variable.
  const [resource] = settings.resources();
  if (resource === undefined && organization === undefined) {
    throw new UsageError(
      'the resource is missing: set LOGTO_AUDIENCE, or pass --resource, --organization or both.',
    );
  }
  const { allowsInsecure: allowInsecure } = settings;
  return { endpoint, app, resource, organization, scopes: settings.scopes(), allowInsecure };
}
