import { bare, hasMember } from './own.js';

/**
 * Sets the name of an error class, and makes `instanceof` accept the errors of other copies of this package. A
 * process may have several copies, and an error handler imports only one of them.
 */
export function defineErrorClass(errorClass: { readonly prototype: Error }, name: string): void {
  const mark = Symbol.for(`express-logto-m2m:${name}`);
  // On the prototype, as in built-in errors, so that neither is an enumerable property of each instance.
  Object.defineProperties(errorClass.prototype, {
    name: bare({ value: name, configurable: true, writable: true }),
    [mark]: bare({ value: true }),
  });
  const hasInstance = function (this: unknown, value: unknown): boolean {
    if (Function.prototype[Symbol.hasInstance].call(this, value)) return true;
    // Subclasses inherit this function, but have no instances in another copy.
    return this === errorClass && typeof value === 'object' && value !== null && hasMember(value, mark);
  };
  Object.defineProperty(errorClass, Symbol.hasInstance, bare({ value: hasInstance }));
}
