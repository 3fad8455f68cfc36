import { bare } from './checks/own.js';

/** Whether this is to be waited for: a Promise of ours or of any library. */
export function isPromiseLike<T>(value: T): value is T & PromiseLike<Awaited<T>> {
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

/**
 * What the promise gives, unless the signal is aborted before: then this rejects with the signal's reason, and a
 * later rejection of the promise is ignored.
 */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let abort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
  });
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, bare({ once: true }));
  try {
    return await Promise.race([aborted, promise]);
  } finally {
    // One signal may see many promises come and go.
    signal.removeEventListener('abort', abort);
  }
}

/** What the promise gives, if it does so within this time, in milliseconds; else `late`. A later rejection is ignored. */
export async function settledWithin<T, L>(promise: PromiseLike<T>, time: number, late: L): Promise<T | L> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<L>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, time), late);
  });
  try {
    return await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Waits for a promise that never rejects, no longer than until the deadline; tells whether it was settled.
 *
 * @param deadline - by `performance.now()`, which no one sets
 */
export function settledBy(promise: Promise<unknown>, deadline: number): Promise<boolean> {
  const settled = promise.then(() => true);
  return settledWithin(settled, deadline - performance.now(), false);
}

/** Waits for it, and keeps the process alive meanwhile: for what is awaited while its own timers hold up nothing. */
export async function heldOpen<T>(promise: Promise<T>): Promise<T> {
  const timer = setInterval(() => {}, 2 ** 30);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
  }
}

/** Lets the process end before the timer does. In jsdom a timer is a number, and has no `unref`. */
export function unreferenced(timer: NodeJS.Timeout): NodeJS.Timeout {
  timer.unref?.();
  return timer;
}
