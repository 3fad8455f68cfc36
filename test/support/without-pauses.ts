import { vi } from 'vitest';

// Removes the pauses between retries, for test files that do not test the timing of retries.
vi.mock('../../src/util/pause.js', () => ({ pause: async () => {} }));
