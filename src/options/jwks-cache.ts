import type { KeyValueStore } from '../util/key-value-store.js';
import type { Owner } from './option-error.js';
import { checkNames, checkSeconds, checkStore, type OptionNames, withDefault } from './values.js';

/** The options for caching an issuer's keys. Durations are in seconds. */
export interface JwksCacheOptions {
  /**
   * The age after which keys are refreshed in the background; they remain in use. Beyond twice this age, a request
   * waits for the refresh, except during an outage. Default 600.
   */
  readonly maxAge?: number | undefined;
  /** How long past `maxAge` keys are used while Logto cannot be reached. Default 86 400. */
  readonly maxStale?: number | undefined;
  /**
   * The interval between refreshes for unknown key ids starts at about 1 s and doubles up to `cooldown / 10` while they
   * bring no new key. With 10.5 or less, it stays at about 1 s. Default 30.
   */
  readonly cooldown?: number | undefined;
  /** Limits one refresh with its retry, and the wait of a request for keys and for `isRevoked`. Default 5. */
  readonly timeout?: number | undefined;
  /** A store shared by replicas, such as a Keyv over Redis: a new process then works even while Logto is down. */
  readonly store?: KeyValueStore | undefined;
}

const DAY = 86_400;
const KEY_TIMES = {
  maxAge: { default: 600, min: 'above zero', max: DAY },
  maxStale: { default: DAY, min: 'zero', max: 30 * DAY },
  cooldown: { default: 30, min: 'above zero', max: 3_600 },
  timeout: { default: 5, min: 'above zero', max: 60 },
} as const;

/** The durations in seconds, with defaults filled in. */
export type KeyTimesInSeconds = Readonly<Record<keyof typeof KEY_TIMES, number>>;

const JWKS_CACHE_NAMES: OptionNames<JwksCacheOptions> = {
  maxAge: true,
  maxStale: true,
  cooldown: true,
  timeout: true,
  store: true,
};

/** @throws TypeError that names the option, the value received, and the value to pass */
export function resolveJwksCache(
  owner: Owner,
  given: JwksCacheOptions | undefined,
): { readonly times: KeyTimesInSeconds; readonly store: KeyValueStore | undefined } {
  const names = Object.keys(KEY_TIMES) as (keyof typeof KEY_TIMES)[];
  const passed: JwksCacheOptions = withDefault(given, {});
  const options = checkNames(owner, passed, JWKS_CACHE_NAMES, 'jwksCache.');
  const times = names.map((name) => {
    const value = withDefault(options[name], KEY_TIMES[name].default);
    return [name, checkSeconds(owner, `jwksCache.${name}`, value, KEY_TIMES[name])];
  });
  const { store } = options;
  return {
    times: Object.fromEntries(times) as KeyTimesInSeconds,
    store: store === undefined ? undefined : checkStore(owner, 'jwksCache.store', store),
  };
}
