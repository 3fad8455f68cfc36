import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Outcome } from '../../support/built-command.js';
import { StandInLogto, type StandInOptions } from '../../support/management-api/stand-in-logto.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { type CommandOptions, logtoM2M } from '../command.js';

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

export interface RunOptions extends CommandOptions {
  readonly file?: string;
  readonly endpoint?: string;
}

/** Runs the command as an admin does who has created an app for the Management API. */
export function runSetup(
  logto: StandInLogto,
  args: readonly string[] = [],
  { file = SHOP_FILE, endpoint = logto.endpoint, env = {}, ...options }: RunOptions = {},
): Promise<Outcome> {
  return logtoM2M(['setup', file, ...args], {
    ...options,
    env: { ...admin(logto), LOGTO_ENDPOINT: endpoint, ...env },
  });
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
