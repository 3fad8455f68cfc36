import { randomBytes } from 'node:crypto';
import { checkCredential } from '../checks/credentials.js';
import { checkNames, checkSeconds, checkText, type OptionNames, withDefault } from '../checks/values.js';
import { checkMembers, scopesIn, YEAR } from './token-options.js';

/** An app that may ask for tokens at the token endpoint. */
export interface TestAppOptions {
  /** Its id. Default: a new one. With the id of an app that is there it takes the place of that app. */
  readonly appId?: string | undefined;
  /** Its secret. Default: a new one. */
  readonly appSecret?: string | undefined;
  /** What its machine-to-machine roles give it: a list, or a string with spaces between them. Default none. */
  readonly scopes?: string | readonly string[] | undefined;
  /** The organizations that it is in, each with what its organization roles give it there. Default none. */
  readonly organizations?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /** Seconds that its tokens live. Default 3600. */
  readonly expiresIn?: number | undefined;
}

/** An app that may ask for tokens, with all that its roles give it. */
export interface RegisteredApp {
  readonly appId: string;
  readonly appSecret: string;
  readonly scopes: readonly string[];
  readonly organizations: ReadonlyMap<string, readonly string[]>;
  /** Of its tokens, in seconds. */
  readonly expiresIn: number;
}

/** @throws TypeError that names the option, what came, and what to pass */
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
    ([id, scopes]) => [id, scopesIn(owner, `organizations.${id}`, scopes)] as const,
  );
  return {
    appId: checkCredential(owner, 'appId', checkText(owner, 'appId', withDefault(options.appId, randomId()))),
    appSecret: checkCredential(
      owner,
      'appSecret',
      checkText(owner, 'appSecret', withDefault(options.appSecret, randomId())),
    ),
    scopes: scopesIn(owner, 'scopes', options.scopes),
    organizations: new Map(granted),
    expiresIn: checkSeconds(owner, 'expiresIn', withDefault(options.expiresIn, 3_600), {
      min: 'above zero',
      max: YEAR,
    }),
  };
}

/** As long as those that Logto gives. */
function randomId(): string {
  return randomBytes(16).toString('hex').slice(0, 21);
}
