import type { AccessToken } from './access-token.js';
import type { Issuer } from './checks/issuers.js';
import { Refusal } from './errors.js';
import { KeySet } from './keys/key-set.js';
import type { KeyHealth, KeySource } from './keys/key-source.js';
import { KeyStore } from './keys/key-store.js';
import { PinnedKeySet } from './keys/pinned-key-set.js';
import { toAuthError } from './middleware/answer.js';
import { createGuardMakers, type GuardMakers } from './middleware/guards.js';
import { createResourceMetadata, type ResourceMetadataMaker } from './middleware/resource-metadata.js';
import { ScopesInUse } from './middleware/scopes-in-use.js';
import { type GuardedRequest, type LogtoAuthOptions, resolveOptions, type Settings } from './options.js';
import { createDecide } from './verification/decide.js';
import { TokenCache, type TokenCacheHealth } from './verification/token-cache.js';
import { TokenVerifier } from './verification/token-verifier.js';
import { createVerify, type Verify } from './verify.js';

/** How an instance is doing: plain JSON, for start-up probes and metrics, never for liveness. */
export interface AuthHealth {
  /** Whether every issuer has keys that may be used, stale ones too. */
  readonly ready: boolean;
  /** Each issuer's keys. */
  readonly issuers: readonly KeyHealth[];
  /** How many verified tokens are kept, and what that spares. */
  readonly tokenCache: TokenCacheHealth;
}

/** One instance: its guards, and what stands around them. None of its functions needs `this`. */
export interface LogtoAuth extends GuardMakers {
  /** Verifies a token for what is not Express: sockets, queues, other frameworks. */
  readonly verify: (...args: Parameters<Verify>) => Promise<AccessToken>;
  /**
   * Has every issuer's keys, or rejects with an `AuthError` (`keys_unavailable`). Call it before listening, so
   * that the first request need not wait.
   */
  readonly ready: () => Promise<void>;
  /** Keys, their ages, the last errors, cache hits. */
  readonly health: () => AuthHealth;
  /**
   * Makes a handler that serves this API's metadata document (RFC 9728): which resource it is, which Logto issues
   * tokens for it, which permissions there are. Mount it at `/.well-known/oauth-protected-resource`, with the
   * resource's path behind it if it has one.
   *
   * @throws TypeError where an option is wrong, and without `resource` where the instance has no audience or several
   */
  readonly resourceMetadata: ResourceMetadataMaker;
}

/**
 * Makes the guards for one API.
 *
 * @example
 * const { requireScopes } = createLogtoAuth({
 *   endpoint: 'https://your-tenant.logto.app',
 *   audience: 'https://shopping.api',
 * });
 * app.get('/products', requireScopes('read:products'), listProducts);
 *
 * @param options - what is left out comes from `LOGTO_ENDPOINT` and `LOGTO_AUDIENCE`, or has a default
 * @throws TypeError that names the option that is wrong or missing, what came, and what to pass
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
