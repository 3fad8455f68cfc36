import type { AccessTokenAnswer } from '../../client/index.js';
import { own } from '../../util/own.js';
import {
  requestWithoutToken,
  requestWithToken,
  type WithoutToken,
  type WithToken,
} from '../diagnosis/api.js';
import { decodeToken, Undecodable } from '../diagnosis/decoded-token.js';
import { type Finding, ok, problem, skipped } from '../diagnosis/finding.js';
import { requestToken, type Wanted } from '../diagnosis/granted-token.js';
import { examineLogto } from '../diagnosis/logto.js';
import { checkGrantedScopes } from '../diagnosis/scopes.js';
import { refusalOf } from '../diagnosis/verified.js';
import type { Io } from '../io.js';
import type { Output } from '../output.js';
import { type AppCredentials, CliSettings, faultInApp } from '../settings.js';
import { COMMON_OPTIONS, ExitCode, parseArguments, UsageError } from '../usage.js';
import { wordOf } from '../words.js';
import { Report } from './report.js';

const OPTIONS = { ...COMMON_OPTIONS, api: { type: 'string' } } as const;

const isFinding = (value: object): value is Finding => Object.hasOwn(value, 'verdict');

/** `logto-m2m doctor`: checks everything from the address of Logto to the response of the API, one line each. */
export async function doctor(args: readonly string[], io: Io, output: Output): Promise<ExitCode> {
  const { values } = parseArguments({ args: [...args], options: OPTIONS });
  const report = new Report(output, own(values, 'json') === true);
  const api = own(values, 'api');
  for await (const finding of examine(new CliSettings(values, io.env), api, io)) report.add(finding);
  return report.close() ? ExitCode.ok : ExitCode.finding;
}

async function* examine(
  settings: CliSettings,
  address: string | undefined,
  { pause }: Io,
): AsyncGenerator<Finding> {
  const app = settings.app();
  const organization = settings.organization();
  const scopes = settings.scopes();
  const api = address === undefined ? undefined : settings.address('--api', address);
  const configuration = readConfiguration(settings);
  if (isFinding(configuration)) return yield configuration;
  const { endpoints, resources } = configuration;

  const isOneOfSeveral = endpoints.length > 1;
  const examined = await Promise.all(
    endpoints.map((endpoint) => examineLogto(endpoint, isOneOfSeveral, pause)),
  );
  for (const { findings } of examined) yield* findings;
  const withoutToken = api === undefined ? undefined : await requestWithoutToken(api);
  if (withoutToken !== undefined) yield withoutToken.finding;

  const [resource] = resources;
  const obstacle = obstacleTo(examined[0]?.isLogto === true, app, resource ?? organization);
  if (obstacle !== undefined || app === undefined) {
    if (obstacle !== undefined) yield obstacle;
    if (api !== undefined) yield skipped('api', 'Not called with a token: there is no token.');
    return;
  }
  const wanted: Wanted = {
    endpoint: endpoints[0] as string,
    app,
    resource,
    organization,
    scopes: scopes.length > 0 ? scopes : (withoutToken?.scopes ?? []),
    allowInsecure: settings.allowsInsecure,
  };
  yield* examineToken(wanted, configuration, api, withoutToken);
}

/** Returns the reason why no token can be requested; undefined if one can. */
function obstacleTo(
  isLogto: boolean,
  app: AppCredentials | undefined,
  target: string | undefined,
): Finding | undefined {
  if (!isLogto) return skipped('token', 'Not requested: no Logto was found at the endpoint.');
  if (app === undefined) {
    return skipped(
      'token',
      'Not requested: set LOGTO_APP_ID and LOGTO_APP_SECRET to check whether Logto issues one to that app.',
    );
  }
  const unacceptable = faultInApp(app);
  if (unacceptable !== undefined) return problem('token', unacceptable.fault, unacceptable.fix);
  if (target !== undefined) return undefined;
  return problem(
    'configuration',
    'No token can be requested, and an API that uses requireScopes cannot start: there is no audience.',
    'Set LOGTO_AUDIENCE to the API identifier, or pass --resource. For an API that accepts only organization tokens, pass --organization.',
  );
}

interface Configuration {
  readonly endpoints: readonly string[];
  readonly resources: readonly string[];
}

/** Returns the configuration of an API; a finding if no API can be created with it. */
function readConfiguration(settings: CliSettings): Configuration | Finding {
  // A missing endpoint is wrong usage. An invalid value is a finding.
  if (settings.lacksEndpoint) settings.demandEndpoints();
  try {
    return { endpoints: settings.demandEndpoints(), resources: settings.resources() };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return problem('configuration', 'No API can be created with this configuration.', error.message);
  }
}

async function* examineToken(
  wanted: Wanted,
  configuration: Configuration,
  api: URL | undefined,
  withoutToken: WithoutToken | undefined,
): AsyncGenerator<Finding> {
  const { app, organization, allowInsecure } = wanted;
  const { finding, response } = await requestToken(wanted);
  yield finding;
  if (response === undefined) {
    if (api !== undefined) yield skipped('api', 'Not called with a token: there is no token.');
    return;
  }
  yield await checkAccepted(response.token, wanted, { ...configuration, allowInsecure });
  // Before the check of the permissions: the API decides whether the granted permissions are sufficient.
  const withToken = api && withoutToken && (await callApi(api, withoutToken, response, wanted));
  const requestedOnlyNamed = wanted.scopes === withoutToken?.scopes;
  yield checkGrantedScopes(wanted, response.scopes, {
    scopes: withoutToken?.scopes ?? [],
    acceptsGranted: requestedOnlyNamed && withToken?.succeeded === true,
  });
  if (organization !== undefined) yield ok('organization', `App ${app.id} is in ${organization}.`);
  if (withToken !== undefined) yield withToken.finding;
}

async function callApi(
  api: URL,
  withoutToken: WithoutToken,
  { token, scopes }: AccessTokenAnswer,
  { app, resource, organization }: Wanted,
): Promise<WithToken> {
  const notCalled = (why: string) => ({
    finding: skipped('api', `Not called with the token: ${why}.`),
    succeeded: false,
  });
  if (!withoutToken.hasResponded) return notCalled('the API does not respond');
  const decoded = decodeToken(token);
  if (decoded instanceof Undecodable) return notCalled('no guard can decode the token');
  const { iss, aud = resource } = decoded.claims;
  const sent = { issuer: wordOf(iss), audience: wordOf(aud), scopes, organization, appId: app.id };
  return requestWithToken(api, token, sent, withoutToken);
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
  return problem(
    'verification',
    message,
    refusal.hint ?? 'Run logto-m2m inspect to see the content of the token.',
  );
}
