import { numberOf, textOf } from './entry.js';
import type { ManagementApi } from './management-api.js';
import type { App, Setup } from './setup.js';
import { SetupError } from './setup-error.js';
import type { Ids } from './steps.js';

/** A variable with its value. */
export type Variable = readonly [name: string, value: string];

/** The variables that an API and its callers need, without the secrets. */
export function idVariables(endpoint: string, { apis, apps, organizations }: Setup, ids: Ids): Variable[] {
  const [api, ...others] = apis;
  return [
    ['LOGTO_ENDPOINT', endpoint],
    // With several in it, each of the APIs would accept the tokens of the others.
    ...(api !== undefined && others.length === 0 ? [['LOGTO_AUDIENCE', api.indicator] as const] : []),
    ...apps.map(({ name, env }): Variable => [`${env}_ID`, ids.get('app', name)]),
    ...organizations.map(({ name, env }): Variable => [`${env}_ID`, ids.get('organization', name)]),
  ];
}

/** The same, with the secrets of the apps. @throws SetupError where an app has none that is valid */
export async function secretVariables(api: ManagementApi, setup: Setup, ids: Ids): Promise<Variable[]> {
  const secrets = new Map<string, Variable>();
  for (const app of setup.apps) {
    const secret = await secretOf(api, app, ids.get('app', app.name));
    secrets.set(`${app.env}_ID`, [`${app.env}_SECRET`, secret]);
  }
  return idVariables(api.endpoint, setup, ids).flatMap((variable) => {
    const secret = secrets.get(variable[0]);
    return secret === undefined ? [variable] : [variable, secret];
  });
}

/** The names of all these variables. */
export function variableNames({ apps, organizations }: Setup): string[] {
  return [
    ...['LOGTO_ENDPOINT', 'LOGTO_AUDIENCE'],
    ...apps.flatMap(({ env }) => [`${env}_ID`, `${env}_SECRET`]),
    ...organizations.map(({ env }) => `${env}_ID`),
  ];
}

/** The oldest secret that never expires, or else the one that lives longest: the same one in every run. */
async function secretOf(api: ManagementApi, { name }: App, id: string): Promise<string> {
  const secrets = await api.get(`api/applications/${id}/secrets`, (entry) => ({
    value: textOf(entry, 'value'),
    createdAt: numberOf(entry, 'createdAt'),
    end: entry['expiresAt'] === null ? Number.POSITIVE_INFINITY : numberOf(entry, 'expiresAt'),
  }));
  const [best] = secrets
    .filter(({ end }) => end > Date.now())
    .sort((a, b) => (a.end === b.end ? a.createdAt - b.createdAt : b.end - a.end));
  if (best !== undefined) return best.value;
  throw new SetupError(
    `The app ${name} (${id}) has no secret that is still valid: create one on its page in the Logto Console.`,
  );
}

/**
 * These variables as a file for `node --env-file`, which a shell reads, too.
 *
 * @throws SetupError where a value cannot be written so that both read it as it is
 */
export function environmentFile(variables: readonly Variable[]): string {
  return variables.map(([name, value]) => `${name}=${quoted(name, value)}\n`).join('');
}

/** Node and a shell have no escape for a quotation mark in common. */
function quoted(name: string, value: string): string {
  if (/^[\w:/.@-]+$/.test(value)) return value;
  if (/^[^'\p{Cc}]*$/u.test(value)) return `'${value}'`;
  // Between double quotes a shell sees more than the value, and Node takes \n for a line break.
  if (/^[^"\\$`\p{Cc}]*$/u.test(value)) return `"${value}"`;
  throw new SetupError(
    `${name} has characters that no environment file can hold: an apostrophe together with one of " \\ $ \`, or a control character. If it is the secret of an app, create another one in the Logto Console, and delete this one.`,
  );
}
