declare const BARE: unique symbol;

/** An object without a prototype: its members are its own, and what it lacks is undefined. */
export type Bare<T> = T & { readonly [BARE]?: never };

/**
 * A copy of an object's own enumerable members, without a prototype. Anything that is not an object gives an empty copy.
 *
 * What comes from outside is read from such a copy, or by `own`. Where some other library has put a member on
 * `Object.prototype` (prototype pollution), every object without a member of that name seems to have it: a token seems to
 * have a `scope`, the options a `jwksUri`. Each member is read once here, so a getter cannot answer differently later.
 */
export function bare<T extends object>(value: T): Bare<T>;
export function bare(value: unknown): Bare<Readonly<Record<string, unknown>>>;
export function bare(value: unknown): object {
  return Object.assign(Object.create(null), isObject(value) ? value : undefined);
}

/** An object's own member of that name; undefined where it has none, or where the value is not an object. */
export function own<T extends object, N extends keyof T>(object: T, name: N): T[N] | undefined;
export function own(value: unknown, name: string): unknown;
export function own(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

/** Whether an object has a member, of its own or by its class. Members that every object has do not count. */
export function hasMember(value: object, name: string | symbol): boolean {
  let holder: object | null = value;
  while (holder !== null && !Object.hasOwn(holder, name)) holder = Object.getPrototypeOf(holder);
  return holder === value || (holder !== null && Object.getPrototypeOf(holder) !== null);
}

/** That member; undefined where it has none. For objects of other libraries, whose members are those of their class. */
export function member(value: unknown, name: string): unknown {
  return isObject(value) && hasMember(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
