/**
 * One Logto for a whole test run, by one line of configuration.
 *
 * @module express-logto-m2m/testing/setup
 */

import { shareTestLogto } from './shared-logto.js';

/**
 * For the configuration of a test runner: starts one Logto for the whole run, and sets `LOGTO_ENDPOINT` and
 * `LOGTO_AUDIENCE` before any test file is imported. The Logto ends with the process.
 */
export default function setup(): Promise<void> {
  return shareTestLogto(process.env);
}
