import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished, vi } from 'vitest';
import { setup } from '../../../src/cli/commands/setup.js';
import { Output } from '../../../src/cli/output.js';
import { UsageError } from '../../../src/cli/usage.js';
import { StandInLogto, type StandInOptions } from '../../support/management-api/stand-in-logto.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** The set-up of the example. */
export const SHOP_FILE = fileURLToPath(new URL('../../../example-server/logto.json', import.meta.url));
export const SHOP = 'https://shopping.api';

/** Starts a stand-in for a Logto tenant, until the test ends. */
export async function openTenant(options: StandInOptions = {}): Promise<StandInLogto> {
  const logto = await StandInLogto.start(options);
  onTestFinished(() => logto.stop());
  return logto;
}

/** Writes a set-up file. @returns its path */
export function setupFile(content: unknown, name = 'logto.json'): string {
  const file = join(temporaryFolder(), name);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly file?: string;
  readonly endpoint?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the output goes to a terminal. */
  readonly isTTY?: boolean;
}

/** Runs the command in this process, as an admin does who has made an app for the Management API. */
export async function runSetup(
  logto: StandInLogto,
  args: readonly string[] = [],
  { file = SHOP_FILE, endpoint = logto.endpoint, env = {}, isTTY = false }: RunOptions = {},
): Promise<Outcome> {
  for (const [name, value] of Object.entries({ ...admin(logto), LOGTO_ENDPOINT: endpoint, ...env })) {
    vi.stubEnv(name, value);
  }
  onTestFinished(() => void vi.unstubAllEnvs());
  const [stdout, stderr] = [new Sink(isTTY), new Sink(isTTY)];
  const output = new Output({ stdout, stderr, env: {} } as unknown as NodeJS.Process);
  try {
    const code = await output.close(await setup([file, ...args], output));
    return { code, stdout: stdout.text, stderr: stderr.text };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { code: 2, stdout: stdout.text, stderr: error.message };
  }
}

/** The variables of an admin's app. */
export function admin(logto: StandInLogto): Record<string, string> {
  const { id, secret } = logto.app();
  return {
    LOGTO_ENDPOINT: logto.endpoint,
    LOGTO_APP_ID: id,
    LOGTO_APP_SECRET: secret,
    LOGTO_TENANT_ID: '',
  };
}

/** What of a process's output the command uses. */
class Sink {
  text = '';
  readonly columns = 80;

  constructor(readonly isTTY: boolean) {}

  on(): void {}

  write(text: string, done?: () => void): void {
    this.text += text;
    done?.();
  }
}

/** The tenant without what chance gave it. */
export function shapeOf({ state }: StandInLogto): Record<string, readonly string[]> {
  const names = new Map<string, string>();
  for (const table of [
    state.resources,
    state.scopes,
    state.roles,
    state.applications,
    state.organizations,
    state.organizationScopes,
    state.organizationRoles,
  ]) {
    for (const { id, name } of table) names.set(id, name);
  }
  const json = JSON.stringify(state, (key, value) => (/^(createdAt|value)$/.test(key) ? undefined : value));
  const named = [...names].reduce((all, [id, name]) => all.replaceAll(id, name), json);
  return Object.fromEntries(
    Object.entries(JSON.parse(named) as Record<string, unknown[]>).map(([table, entries]) => [
      table,
      entries.map((entry) => JSON.stringify(entry)).sort(),
    ]),
  );
}

/** Has the Management API answer so, from the given request on and so many times. */
export function interrupt(
  logto: StandInLogto,
  which: RegExp,
  { status, retryAfter, times = Number.POSITIVE_INFINITY }: Interruption,
): void {
  let left = times;
  logto.intercept = ({ method, path }, res) => {
    if (!which.test(`${method} ${path}`) || left-- <= 0) return;
    if (retryAfter !== undefined) res.set('Retry-After', retryAfter);
    res.status(status).send('Later.');
  };
}

export interface Interruption {
  readonly status: number;
  readonly retryAfter?: string | undefined;
  readonly times?: number;
}
