import { constants, verify } from 'node:crypto';
import type { VerificationKey } from '../keys/verification-key.js';
import { variable } from '../util/environment.js';
import type { CompactJws } from './compact-jws.js';
import { ConcurrencyLimit } from './concurrency-limit.js';
import { keyInputs } from './key-input.js';

// RFC 7518 sections 3.3 to 3.5. An ECDSA signature is r and s concatenated; the PSS salt is as long as the digest.
const DIGESTS = { '256': 'sha256', '384': 'sha384', '512': 'sha512' } as const;
const FAMILIES = {
  ES: keyInputs({ dsaEncoding: 'ieee-p1363' }),
  RS: keyInputs({ padding: constants.RSA_PKCS1_PADDING }),
  PS: keyInputs({
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  }),
} as const;

/**
 * For each thread of Node's pool, one check runs and two are queued, so that no thread waits for the next check. More
 * checks in the pool's queue would keep its threads busy without a pause during a flood of forged tokens, and delay
 * the main thread, file access and name lookups.
 */
const poolLimit = new ConcurrencyLimit(3 * threadsOf(variable('UV_THREADPOOL_SIZE')));

/**
 * Whether this key made the signature of a token (RFC 7515 section 5.2). Node's own cryptography checks it on its
 * thread pool. A JOSE library would parse the token a second time, which costs more than all other checks together.
 * The caller has checked that `alg` is allowed, and that the key is for this algorithm.
 *
 * Rejects if Node cannot check such signatures at all.
 */
export function isSignedBy(key: VerificationKey, alg: string, jws: CompactJws): Promise<boolean> {
  const digest = DIGESTS[alg.slice(2) as keyof typeof DIGESTS];
  const inputOf = FAMILIES[alg.slice(0, 2) as keyof typeof FAMILIES];
  const signature = Buffer.from(jws.signature, 'base64url');
  // OpenSSL accepts an RSA signature without its leading zeros, too: two different tokens would then be equivalent.
  if (signature.length !== key.signatureSize) return Promise.resolve(false);
  return new Promise((resolve, reject) => {
    poolLimit.run((end) => {
      try {
        const signed = Buffer.from(jws.signingInput, 'latin1');
        verify(digest, signed, inputOf(key), signature, (error, holds) => {
          if (error) reject(error);
          else resolve(holds);
          end();
        });
      } catch (thrown) {
        reject(thrown);
        // Deferred, so that many failures do not recurse ever deeper.
        void Promise.resolve().then(end);
      }
    });
  });
}

/** The number of threads that libuv derives from UV_THREADPOOL_SIZE: 4 if it is not set, else 1 to 1 024. */
export function threadsOf(size: string | undefined): number {
  if (size === undefined) return 4;
  return Math.min(Math.max(Number.parseInt(size, 10) || 1, 1), 1024);
}
