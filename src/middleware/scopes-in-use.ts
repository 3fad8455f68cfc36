import type { Requirement } from '../verification/requirement.js';

/** Guards are created where routes are defined. The limits bound the memory if an app creates them per request. */
const MOST_RESOURCES = 100;
const MOST_SCOPES = 1_000;

/** The scopes that the guards of an instance require, by resource. */
export class ScopesInUse {
  readonly #scopes = new Map<string, Set<string>>();

  /** Records the scopes of one guard. Guards for organization tokens have no resource. */
  add({ audience, scopes }: Requirement<never>): void {
    if (typeof audience === 'symbol') return;
    for (const resource of audience) {
      const known = this.#scopes.get(resource) ?? new Set();
      for (const scope of scopes) if (known.size < MOST_SCOPES) known.add(scope);
      if (this.#scopes.size < MOST_RESOURCES) this.#scopes.set(resource, known);
    }
  }

  /** The scopes of a resource, in the order of the guards. */
  of(resource: string): readonly string[] {
    return [...(this.#scopes.get(resource) ?? [])];
  }
}
