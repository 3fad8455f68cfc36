import { credentialFix, faultInCredential } from '../options/credentials.js';
import { faultOf, type Remedy } from '../options/option-error.js';
import { checkScopes } from '../options/scopes.js';
import { checkAddress, checkAudiences, checkEndpoint } from '../options/uris.js';
import { splitList, variable } from '../util/environment.js';
import type { Bare } from '../util/own.js';
import { UsageError } from './usage.js';

/** The options that every command has, as the parser returns them: without a prototype. */
type Given = Bare<Arguments>;

interface Arguments {
  readonly endpoint?: string | undefined;
  readonly resource?: string | undefined;
  readonly organization?: string | undefined;
  readonly scope?: string[] | undefined;
  readonly 'allow-insecure-requests'?: boolean | undefined;
}

/** The credentials of an app. */
export interface AppCredentials {
  readonly id: string;
  readonly secret: string;
}

const OWNER = 'logto-m2m';
const REMEDIES: Readonly<Record<Remedy, string>> = {
  'allow http': 'In a network that you trust, pass --allow-insecure-requests.',
  'organization tokens': "For an organization's own tokens pass --organization <id> instead.",
};

/** Reads the settings of a command from its options and the environment. Methods throw a UsageError for invalid ones. */
export class CliSettings {
  readonly #given: Given;
  readonly #env: NodeJS.ProcessEnv;

  constructor(given: Given, env: NodeJS.ProcessEnv) {
    this.#given = given;
    this.#env = env;
  }

  get allowsInsecure(): boolean {
    return this.#given['allow-insecure-requests'] === true;
  }

  /** Whether no endpoint is set. */
  get lacksEndpoint(): boolean {
    return this.#endpoints() === undefined;
  }

  /** Returns the normalized endpoints; an empty list if none is set. */
  endpoints(): readonly string[] {
    const name = this.#given.endpoint === undefined ? 'LOGTO_ENDPOINT' : '--endpoint';
    const endpoints = asUsageError(() =>
      (this.#endpoints() ?? []).map((value) => checkEndpoint(OWNER, name, value, this.allowsInsecure)),
    );
    return [...new Set(endpoints)];
  }

  /** Returns the endpoints. @throws UsageError also if there are none */
  demandEndpoints(): readonly [string, ...string[]] {
    const [first, ...others] = this.endpoints();
    if (first !== undefined) return [first, ...others];
    throw new UsageError(
      'the endpoint of Logto is missing: set LOGTO_ENDPOINT, or pass --endpoint https://your-tenant.logto.app.',
    );
  }

  #endpoints(): readonly string[] | undefined {
    return splitList(this.#given.endpoint ?? variable('LOGTO_ENDPOINT', this.#env));
  }

  /** Returns the API resource indicators; an empty list if none is set. */
  resources(): readonly string[] {
    const { resource } = this.#given;
    const name = resource === undefined ? 'LOGTO_AUDIENCE' : '--resource';
    const values = splitList(resource ?? variable('LOGTO_AUDIENCE', this.#env));
    return values === undefined ? [] : asUsageError(() => checkAudiences(OWNER, values, name));
  }

  /** Returns the requested scopes. */
  scopes(): readonly string[] {
    const named = (this.#given.scope ?? []).filter((value) => value.trim() !== '');
    return named.length === 0 ? [] : asUsageError(() => checkScopes(OWNER, '--scope', named));
  }

  /** Returns the organization; undefined if the option is absent. */
  organization(): string | undefined {
    const { organization } = this.#given;
    if (organization?.trim() === '') throw new UsageError('--organization needs the id of an organization.');
    return organization;
  }

  /**
   * Reads the app's id and secret from the environment, never from arguments. Undefined if neither is set.
   *
   * @throws UsageError if only one of the two is set
   */
  app(): AppCredentials | undefined {
    const id = variable('LOGTO_APP_ID', this.#env) ?? '';
    const secret = variable('LOGTO_APP_SECRET', this.#env) ?? '';
    if (id.trim() === '' && secret.trim() === '') return undefined;
    if (id.trim() === '') throw new UsageError('LOGTO_APP_SECRET is set, and LOGTO_APP_ID is not.');
    if (secret.trim() === '') throw new UsageError('LOGTO_APP_ID is set, and LOGTO_APP_SECRET is not.');
    return { id, secret };
  }

  /** Returns the tenant of Logto Cloud; undefined if none is set. */
  tenantId(): string | undefined {
    const tenantId = variable('LOGTO_TENANT_ID', this.#env) || undefined;
    if (tenantId === undefined || /^[\w-]+$/.test(tenantId)) return tenantId;
    throw new UsageError("LOGTO_TENANT_ID must be only the tenant's id, such as your-tenant.");
  }

  /** Checks an address to which a token will be sent. */
  address(option: string, value: string): URL {
    const needed = 'an address of the API, such as https://api.example/products';
    return asUsageError(() =>
      checkAddress(OWNER, option, value, needed, this.allowsInsecure, 'could read the token'),
    );
  }
}

/** A fault in the app's id or secret that Logto does not accept. */
export interface Unacceptable {
  /** A sentence without the value. */
  readonly fault: string;
  readonly fix: string;
}

/** Returns the fault in the app's id or secret; undefined if Logto accepts both. */
export function faultInApp({ id, secret }: AppCredentials): Unacceptable | undefined {
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

/** Returns an address that receives requests without a token. @throws UsageError */
export function documentAddressOf(option: string, value: string): URL {
  return asUsageError(() =>
    checkAddress(OWNER, option, value, 'an address of the API, such as https://api.example', true),
  );
}

/** Runs a check of the library, and words its error for the command line. */
function asUsageError<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    const fault = faultOf(error);
    if (fault === undefined) throw error;
    throw new UsageError(fault.remedy === undefined ? fault.text : `${fault.text} ${REMEDIES[fault.remedy]}`);
  }
}
