import { AuthError, createLogtoAuth, type VerifyOptions } from '../../index.js';
import { checkAudiences } from '../../options/uris.js';

/** The configuration of an API. */
export interface ApiConfiguration {
  readonly endpoints: readonly string[];
  /** Empty if the API accepts only organization tokens. */
  readonly resources: readonly string[];
  readonly allowInsecure: boolean;
}

/** An audience for the case that no resource is known. Without one, `createLogtoAuth` would read LOGTO_AUDIENCE. */
export const PLACEHOLDER_AUDIENCE = 'https://your.api';

/**
 * Verifies the token with `verify()`, which makes the same checks as a guard. Fetches Logto's keys, and does not send
 * the token.
 *
 * @returns why the token is refused; undefined if it is accepted
 */
export async function refusalOf(
  token: string,
  { endpoints, resources, allowInsecure }: ApiConfiguration,
  demand: VerifyOptions,
): Promise<AuthError | undefined> {
  const auth = createLogtoAuth({
    endpoint: endpoints,
    audience: resources.length > 0 ? resources : PLACEHOLDER_AUDIENCE,
    allowInsecureRequests: allowInsecure,
    tokenCache: false,
  });
  try {
    await auth.verify(token, demand);
    return undefined;
  } catch (error) {
    if (error instanceof AuthError) return error;
    throw error;
  }
}

/** Whether an API can be configured with this value. */
export function isResource(value: unknown): value is string {
  try {
    return typeof value === 'string' && checkAudiences('logto-m2m', value).length > 0;
  } catch {
    return false;
  }
}
