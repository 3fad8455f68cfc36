import { randomBytes } from 'node:crypto';
import { checkCredential } from '../options/credentials.js';
import { checkScopesIfAny } from '../options/scopes.js';
import {
  checkNames,
  checkSeconds,
  checkText,
  type OptionNames,
  withDefault,
  YEAR,
} from '../options/values.js';
import { checkMembers } from './token-options.js';

/** The options of `addApp`. */
export interface TestAppOptions {
  /** The app's id. Default: a new one. An existing app with this id is replaced. */
  readonly appId?: string | undefined;
  /** The app's secret. Default: a new one. */
  readonly appSecret?: string | undefined;
  /** The permissions of its machine-to-machine roles: a list, or a string separated by spaces. Default none. */
  readonly scopes?: string | readonly string[] | undefined;
  /** The organizations that the app is in, each with the permissions of its organization roles. Default none. */
  readonly organizations?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /** The lifetime of its tokens in seconds. Default 3600. */
  readonly expiresIn?: number | undefined;
}

/** A registered app, with the permissions of its roles. */
export interface RegisteredApp {
  readonly appId: string;
  readonly appSecret: string;
  readonly scopes: readonly string[];
  readonly organizations: ReadonlyMap<string, readonly string[]>;
  /** The lifetime of its tokens, in seconds. */
  readonly expiresIn: number;
}

/** @throws TypeError that names the option, the value received, and the value to pass */
export function resolveApp(given: TestAppOptions): RegisteredApp {
  const owner = 'addApp';
  const names: OptionNames<TestAppOptions> = {
    appId: true,
    appSecret: true,
    scopes: true,
    organizations: true,
    expiresIn: true,
  };
  const options = checkNames(owner, given, names);
  const organizations = checkMembers(owner, 'organizations', withDefault(options.organizations, {}));
  const granted = Object.entries(organizations).map(
    ([id, scopes]) => [id, checkScopesIfAny(owner, `organizations.${id}`, scopes)] as const,
  );
  return {
    appId: checkCredential(owner, 'appId', checkText(owner, 'appId', withDefault(options.appId, randomId()))),
    appSecret: checkCredential(
      owner,
      'appSecret',
      checkText(owner, 'appSecret', withDefault(options.appSecret, randomId())),
    ),
    scopes: checkScopesIfAny(owner, 'scopes', options.scopes),
    organizations: new Map(granted),
    expiresIn: checkSeconds(owner, 'expiresIn', withDefault(options.expiresIn, 3_600), {
      min: 'above zero',
      max: YEAR,
    }),
  };
}

/** As long as Logto's ids. */
function randomId(): string {
  return randomBytes(16).toString('hex').slice(0, 21);
}
