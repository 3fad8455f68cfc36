import { AuthError, createLogtoAuth, type VerifyOptions } from '../../index.js';
import { checkAudiences } from '../../options/uris.js';

/** What an API is configured with. */
export interface ApiConfiguration {
  readonly endpoints: readonly string[];
  /** None where it lives on organization tokens alone. */
  readonly resources: readonly string[];
  readonly allowInsecure: boolean;
}

/** So that LOGTO_AUDIENCE is not read, where other resources were named than it does, or none. */
const NONE = 'https://none.invalid';

/**
 * Asks the very guard that protects an API. It fetches Logto's keys, and sends nothing.
 *
 * @returns why the token is refused; undefined where it is accepted
 */
export async function refusalOf(
  token: string,
  { endpoints, resources, allowInsecure }: ApiConfiguration,
  demand: VerifyOptions,
): Promise<AuthError | undefined> {
  const auth = createLogtoAuth({
    endpoint: endpoints,
    audience: resources.length > 0 ? resources : NONE,
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

/** Whether an API can be configured with it. */
export function isResource(value: unknown): value is string {
  try {
    return typeof value === 'string' && checkAudiences('logto-m2m', value).length > 0;
  } catch {
    return false;
  }
}
