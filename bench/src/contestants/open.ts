import type { MakeGuard } from './contestant.js';

/** What the same route does with nothing before it. */
export const makeGuard: MakeGuard = () => [];
