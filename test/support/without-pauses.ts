import { vi } from 'vitest';

// Retries follow at once. For files that test what a retry does, not when it comes.
vi.mock('../../src/util/pause.js', () => ({ pause: async () => {} }));
