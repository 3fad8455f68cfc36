import { createLogtoAuth, type LogtoAuth } from './logto-auth.js';

let instance: LogtoAuth | undefined;

/**
 * The instance that the package's own `requireScopes` and its like are bound to, made from `LOGTO_ENDPOINT` and
 * `LOGTO_AUDIENCE` by the first call of any of them. Not at import time: the environment may be read from a
 * file after that.
 *
 * @throws TypeError that names the variable which is missing, and how to have it set in time
 */
export function defaultAuth(): LogtoAuth {
  instance ??= createLogtoAuth();
  return instance;
}

/** {@link LogtoAuth.requireScopes} of the default instance. */
export const requireScopes: LogtoAuth['requireScopes'] = (...args: readonly unknown[]) =>
  (defaultAuth().requireScopes as Maker)(...args);

/** {@link LogtoAuth.requireAnyScope} of the default instance. */
export const requireAnyScope: LogtoAuth['requireAnyScope'] = (...args: readonly unknown[]) =>
  (defaultAuth().requireAnyScope as Maker)(...args);

/** {@link LogtoAuth.requireOrganizationScopes} of the default instance. */
export const requireOrganizationScopes: LogtoAuth['requireOrganizationScopes'] = (
  ...args: readonly unknown[]
) => (defaultAuth().requireOrganizationScopes as Maker)(...args);

/** {@link LogtoAuth.authenticate} of the default instance. */
export const authenticate: LogtoAuth['authenticate'] = (...args: readonly unknown[]) =>
  (defaultAuth().authenticate as Maker)(...args);

type Maker = (...args: readonly unknown[]) => ReturnType<LogtoAuth['authenticate']>;
