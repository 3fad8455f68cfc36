/**
 * Adds a Logto to existing tests with one line of configuration.
 *
 * @module express-logto-m2m/testing/setup
 */

import { shareTestLogto } from './shared-logto.js';

/**
 * The setup function for the configuration of a test runner. Starts a Logto unless the run has one, and sets
 * `LOGTO_ENDPOINT` and `LOGTO_AUDIENCE` before any test file is imported. The Logto ends with the process.
 */
export default function setup(): Promise<void> {
  return shareTestLogto(process.env);
}
