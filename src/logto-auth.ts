import type { AccessToken } from './access-token.js';
import { toAuthError } from './challenge.js';
import { KeySet } from './keys/key-set.js';
import type { KeyHealth, KeySource } from './keys/key-source.js';
import { KeyStore } from './keys/key-store.js';
import { PinnedKeySet } from './keys/pinned-key-set.js';
import { createGuardMakers, type GuardMakers } from './middleware/guard-makers.js';
import { createResourceMetadata, type ResourceMetadataMaker } from './middleware/resource-metadata.js';
import { ScopesInUse } from './middleware/scopes-in-use.js';
import type { Issuer } from './options/issuers.js';
import {
  type GuardedRequest,
  type LogtoAuthOptions,
  resolveOptions,
  type Settings,
} from './options/logto-auth-options.js';
import { Refusal } from './refusal.js';
import { createDecide } from './verification/decide.js';
import { TokenCache, type TokenCacheHealth } from './verification/token-cache.js';
import { TokenVerifier } from './verification/token-verifier.js';
import { createVerify, type Verify } from './verify.js';

/** The state of an instance as plain JSON, for start-up probes and metrics. Do not use it for liveness probes. */
export interface AuthHealth {
  /** Whether every issuer has usable keys, including stale ones. */
  readonly ready: boolean;
  /** The keys of each issuer. */
  readonly issuers: readonly KeyHealth[];
  /** The size, hits and misses of the token cache. */
  readonly tokenCache: TokenCacheHealth;
}

/** One instance: its guards and related functions. None of the functions depends on `this`. */
export interface LogtoAuth extends GuardMakers {
  /** Verifies a token outside Express: for sockets, queues or other frameworks. */
  readonly verify: (...args: Parameters<Verify>) => Promise<AccessToken>;
  /**
   * Resolves when every issuer has usable keys. Rejects with an `AuthError` (`keys_unavailable`) otherwise. Call it
   * before listening, so that the first request does not wait for keys.
   */
  readonly ready: () => Promise<void>;
  /** Returns the keys, the time of their fetch, the last errors and the cache hits. */
  readonly health: () => AuthHealth;
  /**
   * Creates a handler that serves this API's metadata document (RFC 9728): the resource, the Logto issuers of its
   * tokens, and its permissions. Mount it at `/.well-known/oauth-protected-resource`, followed by the path of the
   * resource if it has one.
   *
   * @throws TypeError if an option is wrong, or if `resource` is absent and the instance has no audience or several
   */
  readonly resourceMetadata: ResourceMetadataMaker;
}

/**
 * Creates the guards for one API.
 *
 * @example
 * const { requireScopes } = createLogtoAuth({
 *   endpoint: 'https://your-tenant.logto.app',
 *   audience: 'https://shopping.api',
 * });
 * app.get('/products', requireScopes('read:products'), listProducts);
 *
 * @param options - absent options are read from `LOGTO_ENDPOINT` and `LOGTO_AUDIENCE`, or have a default
 * @throws TypeError that names the wrong or missing option, the value received, and the value to pass
 */
export function createLogtoAuth(options: LogtoAuthOptions = {}): LogtoAuth {
  const settings = resolveOptions(options, process.env);
  const issuers = new Map(
    settings.issuers.map((issuer) => [issuer.issuer, createKeySource(issuer, settings)]),
  );
  const cache = new TokenCache(settings.maxTokens);
  const verifier = new TokenVerifier({ ...settings, issuers, cache });
  const decide = createDecide<GuardedRequest>(verifier, settings);
  const scopesInUse = new ScopesInUse();
  return {
    ...createGuardMakers(settings, decide, scopesInUse),
    resourceMetadata: createResourceMetadata(settings, (resource) => scopesInUse.of(resource)),
    verify: createVerify(settings, decide),
    ready: async () => {
      const keys = await Promise.all([...issuers.values()].map((source) => source.usable()));
      const refusal = keys.find((one) => one instanceof Refusal);
      if (refusal !== undefined) throw toAuthError(refusal, { ...settings, scopes: [] });
    },
    health: () => {
      const health = [...issuers.values()].map((source) => source.health());
      const ready = health.every(({ keyIds }) => keyIds.length > 0);
      return { ready, issuers: health, tokenCache: cache.health() };
    },
  };
}

function createKeySource({ issuer, jwksUri = '', keys }: Issuer, settings: Settings): KeySource {
  if (keys !== undefined) return new PinnedKeySet(issuer, keys);
  const { jwksCache, fetch, store, maxPending } = settings;
  const { maxAge, maxStale, cooldown, timeout } = jwksCache;
  const times = {
    maxAge: maxAge * 1000,
    maxStale: maxStale * 1000,
    cooldown: cooldown * 1000,
    timeout: timeout * 1000,
  };
  const maxLife = times.maxAge + times.maxStale;
  const keyStore = store && new KeyStore({ issuer, jwksUri, store, maxLife });
  return new KeySet({ issuer, jwksUri, fetch, times, maxPending, store: keyStore });
}
