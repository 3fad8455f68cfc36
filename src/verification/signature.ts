import { constants, verify } from 'node:crypto';
import { variable } from '../checks/environment.js';
import type { VerificationKey } from '../keys/verification-key.js';
import type { CompactJws } from './compact-jws.js';
import { keyInputs } from './key-input.js';
import { Turns } from './turns.js';

// RFC 7518 sections 3.3 to 3.5. An ECDSA signature is r and s side by side; the salt of PSS is as long as the digest.
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
 * For each thread of Node's pool one check at work and two behind it: no thread waits for the next. More of them in
 * the pool's own queue would keep its threads busy without a pause while forged tokens pour in, and take the main
 * thread's turns and those of files and name lookups.
 */
const turns = new Turns(3 * threadsOf(variable('UV_THREADPOOL_SIZE')));

/**
 * Whether this key made the signature of a token (RFC 7515 section 5.2), by Node's own cryptography on its
 * thread pool. A JOSE library around it would take the token apart a second time, which costs more than all the
 * other checks together. That `alg` is allowed, and that the key can make such a signature, was checked before.
 *
 * It rejects where Node cannot check such signatures at all.
 */
export function isSignedBy(key: VerificationKey, alg: string, jws: CompactJws): Promise<boolean> {
  const digest = DIGESTS[alg.slice(2) as keyof typeof DIGESTS];
  const inputOf = FAMILIES[alg.slice(0, 2) as keyof typeof FAMILIES];
  const signature = Buffer.from(jws.signature, 'base64url');
  // OpenSSL takes an RSA signature also without its leading zeros: two tokens would then be the same.
  if (signature.length !== key.signatureSize) return Promise.resolve(false);
  return new Promise((resolve, reject) => {
    turns.take((end) => {
      try {
        const signed = Buffer.from(jws.signingInput, 'latin1');
        verify(digest, signed, inputOf(key), signature, (error, holds) => {
          if (error) reject(error);
          else resolve(holds);
          end();
        });
      } catch (thrown) {
        reject(thrown);
        // Later, so that many that fail do not call each other ever deeper.
        void Promise.resolve().then(end);
      }
    });
  });
}

/** How many threads libuv makes of UV_THREADPOOL_SIZE: 4 where it is not set, else 1 to 1 024. */
export function threadsOf(size: string | undefined): number {
  if (size === undefined) return 4;
  return Math.min(Math.max(Number.parseInt(size, 10) || 1, 1), 1024);
}
