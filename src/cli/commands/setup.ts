import { variable } from '../../checks/environment.js';
import { type Bare, own } from '../../checks/own.js';
import type { Output } from '../output.js';
import {
  allowsInsecure,
  appOf,
  demandEndpoints,
  documentAddressOf,
  faultInApp,
  type Given,
  lacksEndpoint,
} from '../settings.js';
import { besideFile } from '../setup/beside.js';
import { doubtsAbout } from '../setup/doubts.js';
import {
  environmentFile,
  idVariables,
  readSecrets,
  variableNames,
  withSecrets,
} from '../setup/environment.js';
import { compareWithApi } from '../setup/from-api.js';
import { ManagementApi, type ManagementApiOptions } from '../setup/management-api.js';
import { planFor } from '../setup/plan.js';
import { placeFor, writeSecretFile } from '../setup/secret-file.js';
import type { Setup } from '../setup/setup.js';
import { SetupError } from '../setup/setup-error.js';
import { readSetupFile, SetupFileError } from '../setup/setup-file.js';
import { readTenant, type Tenant } from '../setup/tenant.js';
import { COMMON_OPTIONS, ExitCode, readArguments, UsageError } from '../usage.js';
import { SetupReport } from './setup-report.js';

const { endpoint, json, 'allow-insecure-requests': insecure } = COMMON_OPTIONS;
const OPTIONS = {
  endpoint,
  json,
  'allow-insecure-requests': insecure,
  plan: { type: 'boolean' },
  check: { type: 'boolean' },
  'write-env': { type: 'string' },
  // Node itself also reads this option, at any position, and exits if the file does not exist.
  'env-file': { type: 'string' },
  'from-api': { type: 'string' },
} as const;

type Arguments = Bare<
  Given & {
    readonly plan?: boolean | undefined;
    readonly check?: boolean | undefined;
    readonly 'write-env'?: string | undefined;
    readonly 'env-file'?: string | undefined;
    readonly 'from-api'?: string | undefined;
  }
>;

/** `logto-m2m setup`: creates in a tenant what a file describes, or reports what the tenant lacks. */
export async function setup(args: readonly string[], output: Output): Promise<ExitCode> {
  const { values, positionals } = readArguments({
    args: [...args],
    options: OPTIONS,
    allowPositionals: true,
  });
  const report = new SetupReport(output, own(values, 'json') === true);
  const mode = modeOf(values);
  const [file, ...others] = positionals;
  if (file === undefined) throw new UsageError('the set-up file is missing: pass one, such as logto.json.');
  if (others.length > 0) throw new UsageError('pass one file alone.');
  try {
    const content = await readSetupFile(file);
    return await mode(values, content, report);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    return error instanceof SetupFileError
      ? report.fail('file', error.lines, ExitCode.usage)
      : report.fail('setup', error.lines, ExitCode.finding);
  }
}

type Connection = Omit<ManagementApiOptions, 'onCall' | 'onWait'>;
type Mode = (given: Arguments, content: Setup, report: SetupReport) => Promise<ExitCode>;

/** @throws UsageError if options contradict each other */
function modeOf(given: Arguments): Mode {
  const { plan, check, 'from-api': api } = given;
  if (envFileOf(given) !== undefined && (plan || check || api !== undefined)) {
    throw new UsageError('--write-env writes what was made: pass it without --plan, --check and --from-api.');
  }
  if (plan && (check || api !== undefined)) {
    throw new UsageError('pass --plan without --check and --from-api.');
  }
  if (plan) return showPlan;
  if (check) return checkTenant;
  return api === undefined ? makeAll : checkApi;
}

function envFileOf(given: Arguments): string | undefined {
  return given['write-env'] ?? given['env-file'];
}

async function makeAll(given: Arguments, content: Setup, report: SetupReport): Promise<ExitCode> {
  const connection = connectionOf(given);
  const name = envFileOf(given);
  const variables = variableNames(content);
  const place = name === undefined ? undefined : await placeFor({ name, variables, ...connection });
  const api = await open(connection, report);
  const { steps, ids } = await planFor(api, content, await read(api, content));
  // Read the secrets of existing apps before anything is created: an app without a valid secret stops the run.
  const secrets = place === undefined ? undefined : await readSecrets(api, content, ids);
  for (const step of steps) {
    await step.make?.();
    report.show(step);
  }
  const made = idVariables(api.endpoint, content, ids);
  if (place === undefined || secrets === undefined) return report.closeMade(made);
  for (const [id, secret] of await readSecrets(api, content, ids)) secrets.set(id, secret);
  await writeSecretFile(place, environmentFile(withSecrets(made, secrets)));
  return report.closeMade(made, name);
}

async function showPlan(given: Arguments, content: Setup, report: SetupReport): Promise<ExitCode> {
  const api = await open(connectionOf(given), report);
  const { steps } = await planFor(api, content, await read(api, content));
  for (const step of steps) report.show(step);
  return report.closePlan();
}

async function checkTenant(given: Arguments, content: Setup, report: SetupReport): Promise<ExitCode> {
  const api = await open(connectionOf(given), report);
  const tenant = await read(api, content);
  const { steps, ids } = await planFor(api, content, tenant);
  const beside = await besideFile(api, content, tenant, ids);
  for (const step of [...steps, ...beside]) {
    if (step.action !== 'there') report.show(step);
  }
  if (given['from-api'] !== undefined) await compare(given, content, report);
  return report.closeCheck();
}

async function checkApi(given: Arguments, content: Setup, report: SetupReport): Promise<ExitCode> {
  await compare(given, content, report);
  return report.closeCheck();
}

async function compare(given: Arguments, content: Setup, report: SetupReport): Promise<void> {
  const address = documentAddressOf('--from-api', given['from-api'] ?? '');
  const endpoints = lacksEndpoint(given) ? [] : demandEndpoints(given);
  for (const step of await compareWithApi(address, content, endpoints)) report.show(step);
}

/** Reads the tenant. @throws SetupError if the file is ambiguous for this tenant */
async function read(api: ManagementApi, content: Setup): Promise<Tenant> {
  const tenant = await readTenant(api, content);
  const doubts = doubtsAbout(content, tenant);
  if (doubts.length > 0) throw new SetupError(...doubts, 'Nothing was changed.');
  return tenant;
}

/** Returns the address and the app for calls of the Management API. @throws UsageError */
function connectionOf(given: Arguments): Connection {
  const [endpoint, ...others] = demandEndpoints(given);
  if (others.length > 0) {
    throw new UsageError('LOGTO_ENDPOINT has several values: pass the one to set up as --endpoint.');
  }
  const app = appOf();
  if (app === undefined) {
    throw new UsageError(
      'the app is missing: set LOGTO_APP_ID and LOGTO_APP_SECRET of a machine-to-machine app that may use the Management API.',
    );
  }
  const unacceptable = faultInApp(app);
  if (unacceptable !== undefined) throw new UsageError(`${unacceptable.fault} ${unacceptable.fix}`);
  const tenantId = variable('LOGTO_TENANT_ID') || undefined;
  if (tenantId !== undefined && !/^[\w-]+$/.test(tenantId)) {
    throw new UsageError("LOGTO_TENANT_ID must be only the tenant's id, such as your-tenant.");
  }
  return { endpoint, app, tenantId, allowInsecure: allowsInsecure(given) };
}

function open(connection: Connection, report: SetupReport): Promise<ManagementApi> {
  return ManagementApi.open({
    ...connection,
    onCall: (path) => report.progress(path),
    onWait: (seconds, status) => report.wait(seconds, status),
  });
}
