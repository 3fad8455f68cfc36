declare const BARE: unique symbol;

/** An object without a prototype: it inherits no members, and a missing member is undefined. */
export type Bare<T> = T & { readonly [BARE]?: never };

/**
 * Copies an object's own enumerable members to an object without a prototype. Any other value gives an empty copy.
 *
 * External values are read from such a copy, or by `own`. If a library has added a member to `Object.prototype`
 * (prototype pollution), every object appears to have it: a token appears to have a `scope`, the options a `jwksUri`.
 * Each member is read once here, so a getter cannot return another value later.
 */
export function bare<T extends object>(value: T): Bare<T>;
export function bare(value: unknown): Bare<Readonly<Record<string, unknown>>>;
export function bare(value: unknown): object {
  return Object.assign(Object.create(null), isObject(value) ? value : undefined);
}

/** Returns an object's own member; undefined if it has none, or if the value is not an object. */
export function own<T extends object, N extends keyof T>(object: T, name: N): T[N] | undefined;
export function own(value: unknown, name: string): unknown;
export function own(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

/** Whether an object has a member, its own or inherited from its class. Members of `Object.prototype` do not count. */
export function hasMember(value: object, name: string | symbol): boolean {
  let holder: object | null = value;
  while (holder !== null && !Object.hasOwn(holder, name)) holder = Object.getPrototypeOf(holder);
  return holder === value || (holder !== null && Object.getPrototypeOf(holder) !== null);
}

/** Returns a member, own or inherited from a class; undefined if there is none. For objects of other libraries. */
export function member(value: unknown, name: string): unknown {
  return isObject(value) && hasMember(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

/** Whether the value can have members: an object, a list or a function. */
export function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
