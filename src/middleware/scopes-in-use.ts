import type { Requirement } from '../verification/requirement.js';

/** Guards are made where routes are defined. Who makes them for each request shall not fill the memory by that. */
const MOST_RESOURCES = 100;
const MOST_SCOPES = 1_000;

/** The scopes that the guards of an instance ask for, by the resource that they ask them of. */
export class ScopesInUse {
  readonly #scopes = new Map<string, Set<string>>();

  /** Notes what one guard asks for. Guards for organizations' own tokens are for no resource. */
  add({ audience, scopes }: Requirement<never>): void {
    if (typeof audience === 'symbol') return;
    for (const resource of audience) {
      const known = this.#scopes.get(resource) ?? new Set();
      for (const scope of scopes) if (known.size < MOST_SCOPES) known.add(scope);
      if (this.#scopes.size < MOST_RESOURCES) this.#scopes.set(resource, known);
    }
  }

  /** In the order of the guards. */
  of(resource: string): readonly string[] {
    return [...(this.#scopes.get(resource) ?? [])];
  }
}
