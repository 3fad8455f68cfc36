import { credentialFix, faultInCredential } from '../checks/credentials.js';
import { fromEnvironment, variable } from '../checks/environment.js';
import type { Bare } from '../checks/own.js';
import { checkScopes } from '../checks/scopes.js';
import { checkAddress, checkAudiences, checkEndpoint } from '../checks/uris.js';
import { UsageError } from './usage.js';

/** The options that every command has, as the parser returns them: without a prototype. */
export type Given = Bare<Arguments>;

interface Arguments {
  readonly endpoint?: string | undefined;
  readonly resource?: string | undefined;
  readonly organization?: string | undefined;
  readonly scope?: string[] | undefined;
  readonly 'allow-insecure-requests'?: boolean | undefined;
}

/** The credentials of an app. */
export interface App {
  readonly id: string;
  readonly secret: string;
}

const OWNER = 'logto-m2m';

/** Returns the normalized endpoints; an empty list if none is set. @throws UsageError */
export function endpointsOf(given: Given): readonly string[] {
  const name = given.endpoint === undefined ? 'LOGTO_ENDPOINT' : '--endpoint';
  const values = fromEnvironment(given.endpoint ?? variable('LOGTO_ENDPOINT')) ?? [];
  const endpoints = asUsageError(() =>
    values.map((value) => checkEndpoint(OWNER, name, value, allowsInsecure(given))),
  );
  return [...new Set(endpoints)];
}

/** Returns the endpoints, of which there must be at least one. @throws UsageError */
export function demandEndpoints(given: Given): readonly [string, ...string[]] {
  const [first, ...others] = endpointsOf(given);
  if (first !== undefined) return [first, ...others];
  throw new UsageError(
    'the endpoint of Logto is missing: set LOGTO_ENDPOINT, or pass --endpoint https://your-tenant.logto.app.',
  );
}

/** Whether no endpoint is set. */
export function lacksEndpoint(given: Given): boolean {
  return fromEnvironment(given.endpoint ?? variable('LOGTO_ENDPOINT')) === undefined;
}

/** Returns the API resource indicators; an empty list if none is set. @throws UsageError */
export function resourcesOf(given: Given): readonly string[] {
  const name = given.resource === undefined ? 'LOGTO_AUDIENCE' : '--resource';
  const values = fromEnvironment(given.resource ?? variable('LOGTO_AUDIENCE'));
  return values === undefined ? [] : asUsageError(() => checkAudiences(OWNER, values, name));
}

/** Returns the requested scopes. @throws UsageError */
export function scopesOf({ scope = [] }: Given): readonly string[] {
  const named = scope.filter((value) => value.trim() !== '');
  return named.length === 0 ? [] : asUsageError(() => checkScopes(OWNER, '--scope', named));
}

/** Returns the organization; undefined if the option is absent. @throws UsageError */
export function organizationOf({ organization }: Given): string | undefined {
  if (organization?.trim() === '') throw new UsageError('--organization needs the id of an organization.');
  return organization;
}

export function allowsInsecure(given: Given): boolean {
  return given['allow-insecure-requests'] === true;
}

/** Returns the app, only from the environment; undefined if none is set. @throws UsageError */
export function appOf(): App | undefined {
  const id = variable('LOGTO_APP_ID') ?? '';
  const secret = variable('LOGTO_APP_SECRET') ?? '';
  if (id.trim() === '' && secret.trim() === '') return undefined;
  if (id.trim() === '') throw new UsageError('LOGTO_APP_SECRET is set, and LOGTO_APP_ID is not.');
  if (secret.trim() === '') throw new UsageError('LOGTO_APP_ID is set, and LOGTO_APP_SECRET is not.');
  return { id, secret };
}

/** A fault in the app's id or secret that Logto does not accept. */
export interface Unacceptable {
  /** A sentence without the value. */
  readonly fault: string;
  readonly fix: string;
}

/** Returns the fault in the app's id or secret; undefined if Logto accepts both. */
export function faultInApp({ id, secret }: App): Unacceptable | undefined {
  for (const [name, value] of Object.entries({ LOGTO_APP_ID: id, LOGTO_APP_SECRET: secret })) {
    const fault = faultInCredential(value);
    if (fault !== undefined)
      return {
        fault: `${name} ${fault}.`,
        fix: credentialFix(`in a shell, ${name}="$(cat file)" removes it`),
      };
  }
  return undefined;
}

/** Returns an address to which a token will be sent. @throws UsageError */
export function addressOf(option: string, value: string, given: Given): URL {
  const needed = 'an address of the API, such as https://api.example/products';
  return asUsageError(
    () => checkAddress(OWNER, option, value, needed, allowsInsecure(given)),
    // The address serves no keys.
    (message) => message.replace('could name keys of their own', 'could read the token'),
  );
}

/** Returns an address that gets requests without a token. @throws UsageError */
export function documentAddressOf(option: string, value: string): URL {
  return asUsageError(() =>
    checkAddress(OWNER, option, value, 'an address of the API, such as https://api.example', true),
  );
}

/** Runs a check of the library, and words its error for the command line. */
function asUsageError<T>(check: () => T, reworded = (message: string) => message): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const message = error.message
      .replace(`${OWNER}: `, '')
      .replace('set allowInsecureRequests: true', 'pass --allow-insecure-requests')
      .replace(/requireOrganizationScopes\(.*\)/, '--organization <id> instead');
    throw new UsageError(reworded(message));
  }
}
