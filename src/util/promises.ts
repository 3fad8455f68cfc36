/** Whether the value can be awaited: a native Promise, or a promise of any library. */
export function isPromiseLike<T>(value: T): value is T & PromiseLike<Awaited<T>> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}

/**
 * Ignores a promise where none is allowed. Its unhandled rejection would end the process.
 *
 * @returns whether the value was a promise
 */
export function abandon(value: unknown): boolean {
  if (!isPromiseLike(value)) return false;
  Promise.resolve(value).catch(() => {});
  return true;
}

/**
 * Settles as the promise does, unless the signal is aborted first. Then it rejects with the signal's reason, and a
 * later rejection of the promise is ignored.
 */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let abort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
  });
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort);
  try {
    return await Promise.race([aborted, promise]);
  } finally {
    // Many promises may share one signal, and their listeners would accumulate.
    signal.removeEventListener('abort', abort);
  }
}

/** Settles as the promise does within this many milliseconds, else resolves to `late`. A later rejection is ignored. */
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
 * Waits for a promise that never rejects, until the deadline at most.
 *
 * @param deadline - by `performance.now()`, which cannot be set
 */
export async function settledBy(promise: Promise<unknown>, deadline: number): Promise<void> {
  await settledWithin(promise, deadline - performance.now(), undefined);
}

/** Awaits the promise and keeps the process alive meanwhile. For promises whose own timers do not keep it alive. */
export async function keepingProcessAlive<T>(promise: Promise<T>): Promise<T> {
  const timer = setInterval(() => {}, 2 ** 30);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
  }
}

/** Lets the process end before the timer fires. In jsdom a timer is a number and has no `unref`. */
export function unreferenced(timer: NodeJS.Timeout): NodeJS.Timeout {
  timer.unref?.();
  return timer;
}
