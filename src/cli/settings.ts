import { credentialFix, faultInCredential } from '../checks/credentials.js';
import { fromEnvironment, variable } from '../checks/environment.js';
import type { Bare } from '../checks/own.js';
import { checkScopes } from '../checks/scopes.js';
import { checkAddress, checkAudiences, checkEndpoint } from '../checks/uris.js';
import { UsageError } from './usage.js';

/** The arguments that every command has, as the parser leaves them: without a prototype. */
export type Given = Bare<Arguments>;

interface Arguments {
  readonly endpoint?: string | undefined;
  readonly resource?: string | undefined;
  readonly organization?: string | undefined;
  readonly scope?: string[] | undefined;
  readonly 'allow-insecure-requests'?: boolean | undefined;
}

/** An app, by which a token is had. */
export interface App {
  readonly id: string;
  readonly secret: string;
}

const OWNER = 'logto-m2m';

/** The endpoints, in their normal form; none where none is set. @throws UsageError */
export function endpointsOf(given: Given): readonly string[] {
  const name = given.endpoint === undefined ? 'LOGTO_ENDPOINT' : '--endpoint';
  const values = fromEnvironment(given.endpoint ?? variable('LOGTO_ENDPOINT')) ?? [];
  const endpoints = asUsageError(() =>
    values.map((value) => checkEndpoint(OWNER, name, value, allowsInsecure(given))),
  );
  return [...new Set(endpoints)];
}

/** The same, where there must be one. @throws UsageError */
export function demandEndpoints(given: Given): readonly [string, ...string[]] {
  const [first, ...others] = endpointsOf(given);
  if (first !== undefined) return [first, ...others];
  throw new UsageError(
    'the endpoint of Logto is missing: set LOGTO_ENDPOINT, or pass --endpoint https://your-tenant.logto.app.',
  );
}

/** Whether none is set. */
export function lacksEndpoint(given: Given): boolean {
  return fromEnvironment(given.endpoint ?? variable('LOGTO_ENDPOINT')) === undefined;
}

/** The API resource indicators; none where none is set. @throws UsageError */
export function resourcesOf(given: Given): readonly string[] {
  const name = given.resource === undefined ? 'LOGTO_AUDIENCE' : '--resource';
  const values = fromEnvironment(given.resource ?? variable('LOGTO_AUDIENCE'));
  return values === undefined ? [] : asUsageError(() => checkAudiences(OWNER, values, name));
}

/** The scopes that are wanted. @throws UsageError */
export function scopesOf({ scope = [] }: Given): readonly string[] {
  const named = scope.filter((value) => value.trim() !== '');
  return named.length === 0 ? [] : asUsageError(() => checkScopes(OWNER, '--scope', named));
}

/** The organization; undefined where none is named. @throws UsageError */
export function organizationOf({ organization }: Given): string | undefined {
  if (organization?.trim() === '') throw new UsageError('--organization needs the id of one.');
  return organization;
}

export function allowsInsecure(given: Given): boolean {
  return given['allow-insecure-requests'] === true;
}

/** The app, from the environment alone; undefined where there is none. @throws UsageError */
export function appOf(): App | undefined {
  const id = variable('LOGTO_APP_ID') ?? '';
  const secret = variable('LOGTO_APP_SECRET') ?? '';
  if (id.trim() === '' && secret.trim() === '') return undefined;
  if (id.trim() === '') throw new UsageError('LOGTO_APP_SECRET is set, and LOGTO_APP_ID is not.');
  if (secret.trim() === '') throw new UsageError('LOGTO_APP_ID is set, and LOGTO_APP_SECRET is not.');
  return { id, secret };
}

/** What Logto would not accept in the app's id or secret. */
export interface Unacceptable {
  /** In a sentence, without the value. */
  readonly fault: string;
  readonly fix: string;
}

/** Whether the app can be sent to Logto at all; undefined where it can. */
export function faultInApp({ id, secret }: App): Unacceptable | undefined {
  for (const [name, value] of Object.entries({ LOGTO_APP_ID: id, LOGTO_APP_SECRET: secret })) {
    const fault = faultInCredential(value);
    if (fault !== undefined)
      return { fault: `${name} ${fault}.`, fix: credentialFix(`a shell drops it by ${name}="$(cat file)"`) };
  }
  return undefined;
}

/** An address to which a token will be sent. @throws UsageError */
export function addressOf(option: string, value: string, given: Given): URL {
  const needed = 'an address of the API, as https://api.example/products';
  return asUsageError(
    () => checkAddress(OWNER, option, value, needed, allowsInsecure(given)),
    // No keys come from there.
    (message) => message.replace('could name keys of their own', 'could read the token'),
  );
}

/** An address that is asked without a token. @throws UsageError */
export function documentAddressOf(option: string, value: string): URL {
  return asUsageError(() =>
    checkAddress(OWNER, option, value, 'an address of the API, as https://api.example', true),
  );
}

/** The checks of the options, in the words of the command line. */
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
