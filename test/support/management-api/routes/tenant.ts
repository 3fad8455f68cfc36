import type { State } from '../state.js';

/** The data that the routes read and change. */
export interface Tenant {
  readonly state: State;
  /** Returns an id in the format of Logto, with 21 characters by default. */
  newId(length?: number): string;
}
