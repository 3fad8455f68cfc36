import { createLogtoAuth, type LogtoAuth } from './logto-auth.js';

let instance: LogtoAuth | undefined;

/**
 * The instance that the exported `requireScopes`, `requireAnyScope`, `requireOrganizationScopes` and `authenticate`
 * use. The first call of any of them creates it from `LOGTO_ENDPOINT` and `LOGTO_AUDIENCE`. The import does not,
 * since the environment may be read from a file after it.
 *
 * @throws TypeError that names the missing variable, and how to set it in time
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
