import { type Door, enter, knock } from '../checks/api.js';
import { decodeToken, Undecodable } from '../checks/decoded-token.js';
import { type Finding, ok, problem, skipped } from '../checks/finding.js';
import { askForToken, type Wanted } from '../checks/granted-token.js';
import { examineLogto } from '../checks/logto.js';
import { checkScopes } from '../checks/scopes.js';
import { refusalOf } from '../checks/verified.js';
import type { Output } from '../output.js';
import {
  addressOf,
  allowsInsecure,
  appOf,
  demandEndpoints,
  type Given,
  lacksEndpoint,
  organizationOf,
  resourcesOf,
  scopesOf,
} from '../settings.js';
import { COMMON_OPTIONS, ExitCode, readArguments, UsageError } from '../usage.js';
import { Report } from './report.js';

const OPTIONS = { ...COMMON_OPTIONS, api: { type: 'string' } } as const;

/** `logto-m2m doctor`: from the address of Logto to the answer of the API, one line a check. */
export async function doctor(args: readonly string[], output: Output): Promise<ExitCode> {
  const { values } = readArguments({ args: [...args], options: OPTIONS });
  const report = new Report(output, values.json === true);
  for await (const finding of examine(values)) report.add(finding);
  return report.close() ? ExitCode.well : ExitCode.finding;
}

async function* examine(given: Given & { readonly api?: string | undefined }): AsyncGenerator<Finding> {
  const app = appOf();
  const organization = organizationOf(given);
  const scopes = scopesOf(given);
  const api = given.api === undefined ? undefined : addressOf('--api', given.api, given);
  const configuration = readConfiguration(given);
  if ('check' in configuration) return yield configuration;
  const { endpoints, resources } = configuration;

  const examined = await Promise.all(
    endpoints.map((endpoint) => examineLogto(endpoint, endpoints.length > 1)),
  );
  for (const { findings } of examined) yield* findings;
  const door = api === undefined ? undefined : await knock(api);
  if (door !== undefined) yield door.finding;

  const [resource] = resources;
  if (!examined[0]?.isLogto) return yield skipped('token', 'Not asked for: there is no Logto to ask.');
  if (app === undefined) {
    return yield skipped(
      'token',
      'Not asked for; with LOGTO_APP_ID and LOGTO_APP_SECRET it is seen whether that app gets one.',
    );
  }
  if (resource === undefined && organization === undefined) {
    return yield skipped('token', 'Not asked for: set LOGTO_AUDIENCE, or pass --resource or --organization.');
  }
  const wanted: Wanted = {
    endpoint: endpoints[0] as string,
    app,
    resource,
    organization,
    scopes: scopes.length > 0 ? scopes : (door?.scopes ?? []),
    allowInsecure: allowsInsecure(given),
  };
  yield* examineToken(wanted, configuration, api, door);
}

interface Configuration {
  readonly endpoints: readonly string[];
  readonly resources: readonly string[];
}

/** What an API would be made with; or what is wrong with it, where it cannot be made. */
function readConfiguration(given: Given): Configuration | Finding {
  // That nothing is set is wrong usage. That something wrong is set is what this command is for.
  if (lacksEndpoint(given)) demandEndpoints(given);
  try {
    return { endpoints: demandEndpoints(given), resources: resourcesOf(given) };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return problem('configuration', 'No API can be made with this configuration.', error.message);
  }
}

async function* examineToken(
  wanted: Wanted,
  configuration: Configuration,
  api: URL | undefined,
  door: Door | undefined,
): AsyncGenerator<Finding> {
  const { app, resource, organization, allowInsecure } = wanted;
  const { finding, answer } = await askForToken(wanted);
  yield finding;
  if (answer === undefined) return;
  yield await checkAccepted(answer.token, wanted, { ...configuration, allowInsecure });
  yield checkScopes(wanted, answer.scopes, [...answer.scopes, ...(door?.scopes ?? [])]);
  if (organization !== undefined) yield ok('organization', `App ${app.id} is in ${organization}.`);
  if (api === undefined || !door?.isThere) return;
  const decoded = decodeToken(answer.token);
  if (decoded instanceof Undecodable) return;
  yield await enter(api, answer.token, {
    issuer: String(decoded.claims['iss']),
    audience: String(decoded.claims['aud'] ?? resource),
    scopes: answer.scopes,
    organization,
    appId: app.id,
  });
}

async function checkAccepted(
  token: string,
  { resource, organization }: Wanted,
  configuration: Configuration & { readonly allowInsecure: boolean },
): Promise<Finding> {
  const id = organization === undefined ? undefined : { id: organization };
  const demand =
    id === undefined ? {} : resource === undefined ? { organizationToken: id } : { organization: id };
  const refusal = await refusalOf(token, configuration, demand);
  if (refusal === undefined) return ok('verification', 'An API with this configuration accepts the token.');
  const message = `An API with this configuration refuses the token: ${refusal.description} (${refusal.reason})`;
  return problem('verification', message, refusal.hint ?? 'logto-m2m inspect shows what is in it.');
}
