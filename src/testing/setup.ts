/**
 * A Logto for the tests that there are, by one line of configuration.
 *
 * @module express-logto-m2m/testing/setup
 */

import { shareTestLogto } from './shared-logto.js';

/**
 * For the configuration of a test runner: starts a Logto unless the run has one, and sets `LOGTO_ENDPOINT` and
 * `LOGTO_AUDIENCE` before any test file is imported. The Logto ends with the process.
 */
export default function setup(): Promise<void> {
  return shareTestLogto(process.env);
}
