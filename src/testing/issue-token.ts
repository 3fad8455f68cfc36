import { randomBytes } from 'node:crypto';
import { createSigningKey, type SigningKey, signJwt } from './signing-key.js';
import { resolveToken, type TestTokenOptions, type TokenPlan } from './token-options.js';

/** The issuer, as named in its tokens. */
export interface TestIssuer {
  readonly issuer: string;
  /** The audience of tokens for which no other is requested. */
  readonly audience: string;
}

/** Keys that no Logto of this process publishes, by algorithm. */
const foreignKeys = new Map<string, Promise<SigningKey>>();

/**
 * Issues an access token (RFC 9068) like Logto's, except for the given options.
 *
 * @param current - the signing key, unless a foreign one is requested
 * @throws TypeError (as a rejection) that names the option, the value received, and the value to pass
 */
export async function issueAccessToken(
  options: TestTokenOptions,
  { issuer, audience }: TestIssuer,
  current: SigningKey,
): Promise<string> {
  const plan = resolveToken(options, audience);
  const key = plan.isForeign ? await foreignKey(current.alg) : current;
  const header = { alg: key.alg, typ: 'at+jwt', kid: key.kid, ...plan.header };
  return signJwt(header, claimsOf(plan, issuer), key);
}

function foreignKey(alg: string): Promise<SigningKey> {
  const key = foreignKeys.get(alg) ?? createSigningKey(alg);
  foreignKeys.set(alg, key);
  return key;
}

/** Exactly the claims of Logto, in its order (RFC 9068 section 2.2). */
function claimsOf(plan: TokenPlan, issuer: string): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000);
  const exp = Math.floor(now + plan.expiresIn);
  return {
    organization_id: plan.organizationId,
    jti: randomBytes(32).toString('base64url'),
    sub: plan.subject,
    // An expired token was issued an hour before its expiry, as Logto's are.
    iat: exp >= now ? now : exp - 3_600,
    exp,
    scope: plan.scope,
    client_id: plan.clientId,
    iss: issuer,
    aud: plan.audience,
    ...plan.claims,
  };
}
