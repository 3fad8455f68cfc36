import { faultError, type Owner, optionError } from '../options/option-error.js';
import { checkAudiences } from '../options/uris.js';
import { checkBoolean, checkNames, checkText, withDefault } from '../options/values.js';
import { LOGTO_ALGORITHMS, ORGANIZATION_AUDIENCE } from '../util/logto.js';

/** The options of `startTestLogto`. */
export interface StartTestLogtoOptions {
  /** The API resource indicator of tokens without an `audience` of their own. Default `https://api.test`. */
  readonly audience?: string | undefined;
  /** The signing algorithm: ES384, RS256, ES256, ES512 or PS256, as Logto supports. Default ES384, as in Logto. */
  readonly alg?: string | undefined;
  /** The port on 127.0.0.1. Default 0: any free port. */
  readonly port?: number | undefined;
}

/** The options of `rotateKeys`. */
export interface RotateKeysOptions {
  /** The signing algorithm of the new key. Default: that of the current key. */
  readonly alg?: string | undefined;
  /** Whether the previous key stays in the key set, as in Logto. Default true. */
  readonly keepPrevious?: boolean | undefined;
  /**
   * Whether the new key is only published and does not sign yet, as in a rotation with a grace period. The next
   * `rotateKeys()` makes it the signing key. Default false.
   */
  readonly staged?: boolean | undefined;
}

/** The checked options, with defaults filled in. */
type Resolved<T> = { readonly [Name in keyof T]-?: Exclude<T[Name], undefined> };

const DEFAULT_AUDIENCE = 'https://api.test';
const ORGANIZATION_ADVICE = ` For a token of the organization itself, call issueToken({ audience: '${ORGANIZATION_AUDIENCE}<id>' }).`;

/** @throws TypeError that names the option, the value received, and the value to pass */
export function resolveStart(given: StartTestLogtoOptions): Resolved<StartTestLogtoOptions> {
  const owner = 'startTestLogto';
  const options = checkNames(owner, given, { audience: true, alg: true, port: true });
  const port: unknown = withDefault(options.port, 0);
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw optionError(owner, 'port', 'a port from 0 to 65535, where 0 selects a free port', port);
  }
  const audience = checkText(owner, 'audience', withDefault(options.audience, DEFAULT_AUDIENCE));
  checkAudiences(owner, audience, 'audience', ORGANIZATION_ADVICE);
  return { audience, alg: checkAlg(owner, withDefault(options.alg, 'ES384')), port };
}

/**
 * @param alg - the current signing algorithm
 * @param isStaged - whether the next key is already published
 * @throws TypeError that names the option, the value received, and the value to pass
 */
export function resolveRotation(
  given: RotateKeysOptions,
  alg: string,
  isStaged: boolean,
): Resolved<RotateKeysOptions> {
  const owner = 'rotateKeys';
  const options = checkNames(owner, given, { alg: true, keepPrevious: true, staged: true });
  const staged = checkBoolean(owner, 'staged', withDefault(options.staged, false));
  if (staged && options.keepPrevious !== undefined) {
    throw faultError(
      owner,
      `\`keepPrevious\` takes effect when the new key becomes the signing key: pass it to the next call.`,
    );
  }
  if (isStaged && (staged || options.alg !== undefined)) {
    throw faultError(
      owner,
      `a key is already staged. Call rotateKeys() without \`alg\` and \`staged\` first.`,
    );
  }
  return {
    alg: checkAlg(owner, withDefault(options.alg, alg)),
    keepPrevious: checkBoolean(owner, 'keepPrevious', withDefault(options.keepPrevious, true)),
    staged,
  };
}

function checkAlg(owner: Owner, alg: unknown): string {
  if (typeof alg === 'string' && LOGTO_ALGORITHMS.includes(alg)) return alg;
  throw optionError(owner, 'alg', `an algorithm that Logto supports: ${LOGTO_ALGORITHMS.join(', ')}`, alg);
}
