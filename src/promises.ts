/** Whether this is to be waited for: a Promise of ours or of any library. */
export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}

/**
 * Lets go of a promise that came where none may come. Unhandled, its rejection would end the process.
 *
 * @returns whether it was one
 */
export function abandon(value: unknown): boolean {
  if (!isPromiseLike(value)) return false;
  Promise.resolve(value).catch(() => {});
  return true;
}
