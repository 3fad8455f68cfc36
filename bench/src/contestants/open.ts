import type { MakeGuard } from './contestant.js';

/** The same route without a guard. */
export const makeGuard: MakeGuard = () => [];
