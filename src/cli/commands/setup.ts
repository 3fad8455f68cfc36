import { type Bare, own } from '../../util/own.js';
import type { Io } from '../io.js';
import type { Output } from '../output.js';
import { CliSettings, documentAddressOf, faultInApp } from '../settings.js';
import { doubtsAbout } from '../setup/doubts.js';
import {
  environmentFile,
  idVariables,
  readSecrets,
  variableNames,
  withSecrets,
} from '../setup/environment.js';
import { extraInTenant } from '../setup/extra.js';
import { compareWithApi } from '../setup/from-api.js';
import { ManagementApi, type ManagementApiOptions } from '../setup/management-api.js';
import { planFor } from '../setup/plan.js';
import { placeFor, writeSecretFile } from '../setup/secret-file.js';
import type { Setup } from '../setup/setup.js';
import { SetupError } from '../setup/setup-error.js';
import { readSetupFile, SetupFileError } from '../setup/setup-file.js';
import { readTenant, type Tenant } from '../setup/tenant.js';
import { COMMON_OPTIONS, ExitCode, parseArguments, UsageError } from '../usage.js';
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

type Arguments = Bare<{
  readonly plan?: boolean | undefined;
  readonly check?: boolean | undefined;
  readonly 'write-env'?: string | undefined;
  readonly 'env-file'?: string | undefined;
  readonly 'from-api'?: string | undefined;
}>;

/** `logto-m2m setup`: creates in a tenant what a file describes, or reports what the tenant lacks. */
export async function setup(args: readonly string[], io: Io, output: Output): Promise<ExitCode> {
  const { values, positionals } = parseArguments({
    args: [...args],
    options: OPTIONS,
    allowPositionals: true,
  });
  const report = new SetupReport(output, own(values, 'json') === true);
  const mode = modeOf(values);
  const [file, ...others] = positionals;
  if (file === undefined) throw new UsageError('the set-up file is missing: pass one, such as logto.json.');
  if (others.length > 0) throw new UsageError('pass only one file.');
  try {
    const content = await readSetupFile(file);
    const settings = new CliSettings(values, io.env);
    return await mode({ content, settings, report, io, given: values });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    return error instanceof SetupFileError
      ? report.fail('file', error.lines, ExitCode.usage)
      : report.fail('setup', error.lines, ExitCode.finding);
  }
}

type Connection = Omit<ManagementApiOptions, 'onCall' | 'wait'>;
type Mode = (run: Run) => Promise<ExitCode>;

/** One run of the command. */
interface Run {
  /** The content of the set-up file. */
  readonly content: Setup;
  readonly given: Arguments;
  readonly settings: CliSettings;
  readonly report: SetupReport;
  readonly io: Io;
}

/** @throws UsageError if options contradict each other */
function modeOf(given: Arguments): Mode {
  const { plan, check, 'from-api': api, 'write-env': writeEnv, 'env-file': envFile } = given;
  if (writeEnv !== undefined && envFile !== undefined) {
    throw new UsageError('--env-file is the same option as --write-env: pass only one of them.');
  }
  if (envFileOf(given) !== undefined && (plan || check || api !== undefined)) {
    const option = writeEnv === undefined ? '--env-file' : '--write-env';
    throw new UsageError(
      `${option} writes what was created: pass it without --plan, --check and --from-api.`,
    );
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

async function makeAll(run: Run): Promise<ExitCode> {
  const { content, report } = run;
  const connection = connectionOf(run.settings);
  const name = envFileOf(run.given);
  const variables = variableNames(content);
  const place = name === undefined ? undefined : await placeFor({ name, variables, ...connection });
  const api = await open(connection, run);
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

async function showPlan(run: Run): Promise<ExitCode> {
  const { content, report } = run;
  const api = await open(connectionOf(run.settings), run);
  const { steps } = await planFor(api, content, await read(api, content));
  for (const step of steps) report.show(step);
  return report.closePlan();
}

async function checkTenant(run: Run): Promise<ExitCode> {
  const { content, report } = run;
  const api = await open(connectionOf(run.settings), run);
  const tenant = await read(api, content);
  const { steps, ids } = await planFor(api, content, tenant);
  const extra = await extraInTenant(api, content, tenant, ids);
  for (const step of [...steps, ...extra]) {
    if (step.action !== 'there') report.show(step);
  }
  if (run.given['from-api'] !== undefined) await compare(run);
  return report.closeCheck();
}

async function checkApi(run: Run): Promise<ExitCode> {
  await compare(run);
  return run.report.closeCheck();
}

async function compare({ content, given, settings, report }: Run): Promise<void> {
  const address = documentAddressOf('--from-api', given['from-api'] ?? '');
  const endpoints = settings.endpoints();
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
function connectionOf(settings: CliSettings): Connection {
  const [endpoint, ...others] = settings.demandEndpoints();
  if (others.length > 0) {
    throw new UsageError('LOGTO_ENDPOINT has several values: pass one of them with --endpoint.');
  }
  const app = settings.app();
  if (app === undefined) {
    throw new UsageError(
      'the app is missing: set LOGTO_APP_ID and LOGTO_APP_SECRET of a machine-to-machine app that may use the Management API.',
    );
  }
  const unacceptable = faultInApp(app);
  if (unacceptable !== undefined) throw new UsageError(`${unacceptable.fault} ${unacceptable.fix}`);
  return { endpoint, app, tenantId: settings.tenantId(), allowInsecure: settings.allowsInsecure };
}

function open(connection: Connection, { report, io }: Run): Promise<ManagementApi> {
  return ManagementApi.open({
    ...connection,
    onCall: (path) => report.progress(path),
    wait: (seconds, status) => {
      report.wait(seconds, status);
      return io.pause(seconds * 1000);
    },
  });
}
