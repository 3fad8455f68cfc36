import { toAccessToken } from '../access-token.js';
import type { KeySource } from '../keys/key-source.js';
import type { VerificationKey } from '../keys/verification-key.js';
import { Refusal } from '../refusal.js';
import { quote } from '../util/printable.js';
import { checkClaims, checkTime, type ExpectedAudience, type Timing, wrongAudience } from './claims.js';
import { DigestMemo } from './digest-memo.js';
import { PendingLimit } from './pending-limit.js';
import { isSignedBy } from './signature.js';
import { digestOf, type TokenCache, type VerifiedToken } from './token-cache.js';
import { overlong, type ParsedToken, parseToken } from './token-form.js';

/** A token that is valid now, for the requested audience. */
export interface Verified {
  readonly verified: VerifiedToken;
  /** Whether its signature had been checked before. */
  readonly cached: boolean;
}

export interface TokenVerifierOptions extends Timing {
  /** The keys of each issuer, by the `iss` of its tokens. */
  readonly issuers: ReadonlyMap<string, KeySource>;
  readonly algorithms: readonly string[];
  readonly cache: TokenCache;
  /** The maximum number of requests that wait at once for a signature check or a key. */
  readonly maxPending: number;
}

/** A token that passed the cheap checks, before its signature check. */
interface Candidate extends ParsedToken {
  readonly digest: string;
  readonly keySource: KeySource;
}

/**
 * Verifies access tokens of the configured issuers for an audience. The order of the checks is fixed. The audience is
 * one of them, so that a token for another API is refused before the signature check, the expensive one.
 */
export class TokenVerifier {
  readonly #options: TokenVerifierOptions;
  readonly #digests: DigestMemo;
  /** Running signature checks: a token that arrives several times at once is checked once. */
  readonly #checks = new Map<string, { key: VerificationKey; result: Promise<VerifiedToken | Refusal> }>();
  /** One per issuer: requests that wait for an unavailable issuer must not use up the limit for another's tokens. */
  readonly #pendingLimits: ReadonlyMap<KeySource, PendingLimit>;

  constructor(options: TokenVerifierOptions) {
    this.#options = options;
    this.#digests = new DigestMemo(options.cache.max);
    this.#pendingLimits = new Map(
      Array.from(options.issuers.values(), (source) => [source, new PendingLimit(options.maxPending)]),
    );
  }

  /**
   * Synchronous for a cached token, unless its keys are too old to be used without a refresh, and for a token that
   * can be refused without cryptography.
   */
  verify(text: string, audience: ExpectedAudience): Verified | Refusal | Promise<Verified | Refusal> {
    const { cache } = this.#options;
    const tooLong = overlong(text);
    if (tooLong !== undefined) return tooLong;
    const remembered = this.#digests.get(text);
    const digest = remembered ?? digestOf(text);
    const known = cache.get(digest);
    const now = Date.now();
    if (known !== undefined) {
      const refusal = this.#refuses(known, audience, now);
      if (refusal !== undefined) return refusal;
      const keys = known.keySource.current(now);
      if (keys === undefined) {
        return this.#pendingLimitOf(known.keySource).runOrRefuse((release) =>
          this.#verifyAgain(known, text, digest, audience, release),
        );
      }
      if (keys.get(known.key.kid) === known.key) {
        if (remembered === undefined) this.#digests.set(text, digest);
        return { verified: known, cached: true };
      }
      // Its key was withdrawn or replaced, so the token is treated as a new one.
      cache.delete(digest);
    }
    const candidate = this.#checkCheaply(text, digest, audience, now);
    if (candidate instanceof Refusal) return candidate;
    const { keySource, kid } = candidate;
    const key = keySource.current(now)?.get(kid);
    const pendingLimit = this.#pendingLimitOf(keySource);
    if (key !== undefined) {
      return (
        incompatibleKey(candidate, key) ??
        pendingLimit.runOrRefuse(() => this.#verifySignature(candidate, key, audience))
      );
    }
    const find = (release?: () => void) => this.#findKeyAndVerify(candidate, audience, release);
    // Tokens with made-up key ids must not use up this limit: `find` limits them separately.
    return keySource.lacks(kid) ? find() : pendingLimit.runOrRefuse(find);
  }

  /** Checks whether a token is still valid after a wait: its time, and its key. */
  recheck(verified: VerifiedToken, audience: ExpectedAudience): Refusal | undefined {
    return this.#refuses(verified, audience, Date.now()) ?? verified.keySource.checkKey(verified.key);
  }

  #pendingLimitOf(keySource: KeySource): PendingLimit {
    return this.#pendingLimits.get(keySource) as PendingLimit;
  }

  #checkCheaply(text: string, digest: string, audience: ExpectedAudience, now: number): Candidate | Refusal {
    const { issuers, algorithms } = this.#options;
    const parsed = parseToken(text, algorithms);
    if (parsed instanceof Refusal) return parsed;
    const { iss, exp, nbf, iat, aud } = parsed.payload;
    const keySource = typeof iss === 'string' ? issuers.get(iss) : undefined;
    if (keySource === undefined) {
      const accepted = [...issuers.keys()].map(quote).join(' or ');
      return new Refusal('issuer', `The token's iss is ${quote(iss)}; it must be exactly ${accepted}.`);
    }
    const refusal = checkTime(exp, nbf, iat, this.#options, now) ?? wrongAudience(aud, audience);
    return refusal ?? { ...parsed, digest, keySource };
  }

  async #findKeyAndVerify(
    candidate: Candidate,
    audience: ExpectedAudience,
    release?: () => void,
  ): Promise<Verified | Refusal> {
    const key = await candidate.keySource.find(candidate.kid, release);
    return key instanceof Refusal ? key : this.#verifySignature(candidate, key, audience);
  }

  /** Verifies a cached token whose keys are too old to be used without a refresh: the process was idle. */
  async #verifyAgain(
    known: VerifiedToken,
    text: string,
    digest: string,
    audience: ExpectedAudience,
    release: () => void,
  ): Promise<Verified | Refusal> {
    const key = await known.keySource.find(known.key.kid, release);
    if (key instanceof Refusal) return key;
    if (key === known.key)
      return this.#refuses(known, audience, Date.now()) ?? { verified: known, cached: true };
    this.#options.cache.delete(digest);
    const candidate = this.#checkCheaply(text, digest, audience, Date.now());
    return candidate instanceof Refusal ? candidate : this.#verifySignature(candidate, key, audience);
  }

  async #verifySignature(
    candidate: Candidate,
    key: VerificationKey,
    audience: ExpectedAudience,
  ): Promise<Verified | Refusal> {
    const incompatible = incompatibleKey(candidate, key);
    if (incompatible !== undefined) return incompatible;
    const verified = await this.#checkOnce(candidate, key);
    if (verified instanceof Refusal) return verified;
    const refusal = this.recheck(verified, audience);
    if (refusal !== undefined) return refusal;
    this.#options.cache.set(candidate.digest, verified);
    return { verified, cached: false };
  }

  #checkOnce(candidate: Candidate, key: VerificationKey): Promise<VerifiedToken | Refusal> {
    const running = this.#checks.get(candidate.digest);
    if (running?.key === key) return running.result;
    const result = this.#check(candidate, key);
    this.#checks.set(candidate.digest, { key, result });
    return result;
  }

  async #check(candidate: Candidate, key: VerificationKey): Promise<VerifiedToken | Refusal> {
    const { alg, jws, payload, claims, keySource } = candidate;
    try {
      // The key comes from the issuer's own key set; keys in the token are ignored.
      if (!(await isSignedBy(key, alg, jws))) {
        const hint = `The signature was not made by the issuer's key ${quote(key.kid)}, or the token was altered.`;
        return new Refusal('signature', hint);
      }
    } finally {
      // Checks under two keys can overlap; only the newer is tracked. Deleting it early only costs an extra check.
      this.#checks.delete(candidate.digest);
    }
    const checked = checkClaims(payload);
    if (checked instanceof Refusal) return checked;
    return { token: toAccessToken(checked, claims), notBefore: checked.nbf, key, keySource };
  }

  #refuses(
    { token, notBefore }: VerifiedToken,
    audience: ExpectedAudience,
    now: number,
  ): Refusal | undefined {
    return (
      checkTime(token.expiresAt, notBefore, token.issuedAt, this.#options, now) ??
      wrongAudience(token.audience, audience)
    );
  }
}

/** Refuses a key that cannot verify signatures of the token's algorithm. */
function incompatibleKey({ alg }: Candidate, key: VerificationKey): Refusal | undefined {
  if (key.fits(alg)) return undefined;
  return new Refusal(
    'algorithm',
    `The token's alg is ${quote(alg)}, which its key ${quote(key.kid)} does not support.`,
  );
}
