/**
 * A Logto for tests: it publishes keys and issues tokens as a real Logto does.
 *
 * @module express-logto-m2m/testing
 */

export type { TestAppOptions } from './app-options.js';
export type { TestFault } from './fault.js';
export type { RotateKeysOptions, StartTestLogtoOptions } from './options.js';
export { type SharedTestLogto, testLogto } from './shared-logto.js';
export { startTestLogto, type TestApp, type TestKeySet, type TestLogto } from './test-logto.js';
export type { TestTokenOptions } from './token-options.js';
