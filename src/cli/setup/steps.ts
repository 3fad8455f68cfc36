/** The state of an entity. */
export type Action =
  /** The tenant lacks it: it must be created. */
  | 'make'
  /** It exists. */
  | 'there'
  /** It differs, and is not changed. */
  | 'differs'
  /** A warning: it is only in the tenant, or only in the file. */
  | 'beside'
  /** The API has it, and the file lacks it. */
  | 'lacks';

/** One entity of the tenant. */
export interface Step {
  readonly action: Action;
  /** The entity and its details: `role shop-reader with read:products`. */
  readonly text: string;
  /** Creates the entity; undefined if there is nothing to create. */
  readonly make: (() => Promise<void>) | undefined;
}

/** Returns a step that creates nothing. */
export function seen(action: Exclude<Action, 'make'>, text: string): Step {
  return { action, text, make: undefined };
}

export function make(text: string, run: () => Promise<void>): Step {
  return { action: 'make', text, make: run };
}

/** The ids in Logto, by kind and name. Entities that are not created yet have none. */
export class Ids {
  readonly #ids = new Map<string, string>();

  set(kind: string, name: string, id: string): void {
    this.#ids.set(keyOf(kind, name), id);
  }

  find(kind: string, name: string): string | undefined {
    return this.#ids.get(keyOf(kind, name));
  }

  /** Returns the id of an entity that exists, or was created by an earlier step. */
  get(kind: string, name: string): string {
    const id = this.find(kind, name);
    if (id === undefined) throw new Error(`There is no id of the ${kind} ${name}.`);
    return id;
  }
}

/** Returns an unambiguous key. A name may contain any text, so a separator could be part of it. */
function keyOf(kind: string, name: string): string {
  return JSON.stringify([kind, name]);
}
