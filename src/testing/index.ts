export type { RotateKeysOptions, StartTestLogtoOptions, TestTokenOptions } from './options.js';
export { startTestLogto, type TestLogto } from './test-logto.js';
