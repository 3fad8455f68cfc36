import type { Requirement } from '../verification/requirement.js';

/** The scopes that the guards of an instance ask for, by the resource that they ask them of. */
export class ScopesInUse {
  readonly #scopes = new Map<string, Set<string>>();

  /** Notes what one guard asks for. Guards for organizations' own tokens are for no resource. */
  add({ audience, scopes }: Requirement<never>): void {
    if (typeof audience === 'symbol') return;
    for (const resource of audience) {
      const known = this.#scopes.get(resource) ?? new Set();
      for (const scope of scopes) known.add(scope);
      this.#scopes.set(resource, known);
    }
  }

  /** In the order of the guards. */
  of(resource: string): readonly string[] {
    return [...(this.#scopes.get(resource) ?? [])];
  }
}
