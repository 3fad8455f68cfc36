import type { State } from '../state.js';

/** What the routes answer from, and change. */
export interface Tenant {
  readonly state: State;
  /** An id as Logto gives it: of 21 characters, unless it is told another length. */
  newId(length?: number): string;
}
