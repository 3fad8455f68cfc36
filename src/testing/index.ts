/**
 * A Logto for tests: it publishes keys and issues tokens as the real one does.
 *
 * @module express-logto-m2m/testing
 */

export type { RotateKeysOptions, StartTestLogtoOptions, TestTokenOptions } from './options.js';
export { type SharedTestLogto, testLogto } from './shared-logto.js';
export { startTestLogto, type TestLogto } from './test-logto.js';
