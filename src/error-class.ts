import { bare, hasMember } from './checks/own.js';

/**
 * Gives an error class its name, and lets `instanceof` know the errors of another copy of this package, too: a process
 * may have several, and an error handler imports only one of them.
 */
export function defineErrorClass(errorClass: { readonly prototype: Error }, name: string): void {
  const mark = Symbol.for(`express-logto-m2m:${name}`);
  // On the prototype, as with every built-in error, so that neither is an enumerable property of each instance.
  Object.defineProperties(errorClass.prototype, {
    name: bare({ value: name, configurable: true, writable: true }),
    [mark]: bare({ value: true }),
  });
  const hasInstance = function (this: unknown, value: unknown): boolean {
    if (Function.prototype[Symbol.hasInstance].call(this, value)) return true;
    // A subclass inherits this function, and has no instances in another copy.
    return this === errorClass && typeof value === 'object' && value !== null && hasMember(value, mark);
  };
  Object.defineProperty(errorClass, Symbol.hasInstance, bare({ value: hasInstance }));
}
