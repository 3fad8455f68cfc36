import type { KeyValueStore } from './store.js';
import { checkStore } from './store.js';
import { checkNames, checkSeconds, type OptionNames, type Owner, withDefault } from './values.js';

/** How an issuer's keys are kept. Durations are in seconds. */
export interface JwksCacheOptions {
  /** Older keys still serve, and are refreshed in the background. Default 600. */
  readonly maxAge?: number | undefined;
  /** How long past `maxAge` keys serve while Logto cannot be reached. Default 86 400. */
  readonly maxStale?: number | undefined;
  /**
   * Unknown key ids cause refreshes at least a second apart, and at most `cooldown / 10` while these bring nothing new.
   * Default 30.
   */
  readonly cooldown?: number | undefined;
  /** Bounds one refresh with its retry, and how long a request waits for keys, and for `isRevoked`. Default 5. */
  readonly timeout?: number | undefined;
  /** Shared by replicas, as a Keyv over Redis: then a new process serves also while Logto is down. */
  readonly store?: KeyValueStore | undefined;
}

const DAY = 86_400;
const KEY_TIMES = {
  maxAge: { default: 600, min: 'above zero', max: DAY },
  maxStale: { default: DAY, min: 'zero', max: 30 * DAY },
  cooldown: { default: 30, min: 'above zero', max: 3_600 },
  timeout: { default: 5, min: 'above zero', max: 60 },
} as const;

/** How an issuer's keys are kept, with every default filled in; in seconds. */
export type KeyTimesInSeconds = Readonly<Record<keyof typeof KEY_TIMES, number>>;

const JWKS_CACHE_NAMES: OptionNames<JwksCacheOptions> = {
  maxAge: true,
  maxStale: true,
  cooldown: true,
  timeout: true,
  store: true,
};

/** @throws TypeError that names the option, what came, and what to pass */
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
