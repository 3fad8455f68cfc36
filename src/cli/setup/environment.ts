import { numberOf, textOf } from './entry.js';
import type { ManagementApi } from './management-api.js';
import type { App, Setup } from './setup.js';
import { SetupError } from './setup-error.js';
import type { Ids } from './steps.js';

export type Variable = readonly [name: string, value: string];

/** Returns the variables of a set-up, with the ids from Logto. */
export function idVariables(endpoint: string, setup: Setup, ids: Ids): Variable[] {
  return variablesOf(setup).map(({ name, kind, of }) => {
    if (kind === 'endpoint') return [name, endpoint];
    return [name, kind === 'audience' ? of : ids.get(kind, of)];
  });
}

/** Returns the names of all variables, including those of the secrets. */
export function variableNames(setup: Setup): string[] {
  return variablesOf(setup).flatMap(({ name, kind }) => (kind === 'app' ? [name, secretName(name)] : [name]));
}

/** Adds the secrets of the apps to the variables, each after the app's id. */
export function withSecrets(
  variables: readonly Variable[],
  secrets: ReadonlyMap<string, string>,
): Variable[] {
  return variables.flatMap(([name, value]) => {
    const secret = secrets.get(name);
    return secret === undefined
      ? [[name, value]]
      : [
          [name, value],
          [secretName(name), secret],
        ];
  });
}

/**
 * Reads the secrets of the existing apps, by the variable of the app's id.
 *
 * @throws SetupError if an app has no valid secret, or one that no environment file can represent
 */
export async function readSecrets(
  api: ManagementApi,
  { apps }: Setup,
  ids: Ids,
): Promise<Map<string, string>> {
  const secrets = new Map<string, string>();
  for (const app of apps) {
    const id = ids.find('app', app.name);
    if (id === undefined) continue;
    const secret = await secretOf(api, app, id);
    quoted(`${app.env}_SECRET`, secret);
    secrets.set(`${app.env}_ID`, secret);
  }
  return secrets;
}

interface SetupVariable {
  readonly name: string;
  readonly kind: 'endpoint' | 'audience' | 'app' | 'organization';
  /** The API's indicator, or the name of the app or organization; empty for the endpoint. */
  readonly of: string;
}

function variablesOf({ apis, apps, organizations }: Setup): SetupVariable[] {
  const [api, ...others] = apis;
  return [
    { name: 'LOGTO_ENDPOINT', kind: 'endpoint', of: '' },
    // With several indicators in LOGTO_AUDIENCE, each API would accept the tokens of the others.
    ...(api !== undefined && others.length === 0
      ? [{ name: 'LOGTO_AUDIENCE', kind: 'audience', of: api.indicator } as const]
      : []),
    ...apps.map(({ name, env }) => ({ name: `${env}_ID`, kind: 'app', of: name }) as const),
    ...organizations.map(({ name, env }) => ({ name: `${env}_ID`, kind: 'organization', of: name }) as const),
  ];
}

function secretName(idName: string): string {
  return idName.replace(/_ID$/, '_SECRET');
}

/** Selects the same secret in every run: the oldest one that never expires, otherwise the one that expires last. */
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

/** Formats the variables as a file for `node --env-file`, which a shell can also read. */
export function environmentFile(variables: readonly Variable[]): string {
  return variables.map(([name, value]) => `${name}=${quoted(name, value)}\n`).join('');
}

/**
 * Quotes a value. Node and a shell have no common escape for a quotation mark.
 *
 * @throws SetupError if no quoting makes both read the value unchanged
 */
function quoted(name: string, value: string): string {
  if (/^[\w:/.@-]+$/.test(value)) return value;
  if (/^[^'\p{Cc}]*$/u.test(value)) return `'${value}'`;
  // Between double quotes, a shell expands some characters, and Node reads \n as a line break.
  if (/^[^"\\$`\p{Cc}]*$/u.test(value)) return `"${value}"`;
  throw new SetupError(
    `${name} has characters that an environment file cannot contain: an apostrophe together with one of " \\ $ \`, or a control character. If it is the secret of an app, create another one in the Logto Console, and delete this one.`,
  );
}
